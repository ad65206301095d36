import Compression
import Testing

@Suite struct `Raw DEFLATE` {
    @Test(arguments: [0, 1, 100, 70_000])
    func `gives back what went in`(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let small = try #require(Deflate.compress(bytes))
        #expect(try Deflate.decompress(small, limit: count) == bytes)
    }

    /// Python: `zlib.compressobj(9, zlib.DEFLATED, -15)` over `<samlp:LogoutRequest/>`.
    @Test func `reads what another program wrote`() throws {
        let bytes: [UInt8] = [
            0xb3, 0x29, 0x4e, 0xcc, 0xcd, 0x29, 0xb0, 0xf2, 0xc9, 0x4f, 0xcf, 0x2f, 0x2d, 0x09, 0x4a, 0x2d, 0x2c, 0x4d,
            0x2d, 0x2e, 0xd1, 0xb7, 0x03, 0x00,
        ]
        #expect(try Deflate.decompress(bytes, limit: 100) == Array("<samlp:LogoutRequest/>".utf8))
    }

    @Test func `stops at the limit`() throws {
        let bomb = try #require(Deflate.compress([UInt8](repeating: 0x61, count: 1 << 20)))
        #expect(bomb.count < 2_000)
        for limit in [0, 1, 1 << 16, (1 << 20) - 1] {
            #expect(throws: DeflateError.tooLarge) { try Deflate.decompress(bomb, limit: limit) }
        }
        #expect(try Deflate.decompress(bomb, limit: 1 << 20).count == 1 << 20)
    }

    @Test(
        arguments: [[], [0x00], [0xff, 0xff], [0x07], [0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]] as [[UInt8]])
    func `refuses what is broken`(_ bytes: [UInt8]) {
        #expect(throws: DeflateError.broken) { try Deflate.decompress(bytes, limit: 1_000) }
    }

    @Test func `refuses what is cut short or followed by more`() throws {
        let whole = try #require(Deflate.compress(Array("hello, hello, hello".utf8)))
        for bytes in (0..<whole.count).map({ Array(whole.prefix($0)) }) + [whole + [0]] {
            #expect(throws: DeflateError.broken) { try Deflate.decompress(bytes, limit: 100) }
        }
    }
}
