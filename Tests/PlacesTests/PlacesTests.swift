import AccessPolicy
import Foundation
import NetworkAddresses
import Testing

@testable import Places

@Suite struct `A database of places` {
    private typealias Writer = DatabaseWriter

    private static func writer() throws -> DatabaseWriter {
        var writer = DatabaseWriter()
        writer.networks = [
            (try #require(IPPrefix("198.51.100.0/24")), Writer.country("DE")),
            (try #require(IPPrefix("203.0.113.0/25")), Writer.country("FR")),
            (try #require(IPPrefix("2001:db8:1::/48")), Writer.country("JP")),
            (try #require(IPPrefix("192.0.2.0/24")), .map([("country_code", .text("NL"))])),
            (try #require(IPPrefix("192.0.3.0/24")), .map([("country", .text("SE"))])),
            (try #require(IPPrefix("192.0.4.0/24")), .map([("traits", .map([]))])),
        ]
        return writer
    }

    private func opened(_ bytes: [UInt8]) throws -> Places {
        let path = FileManager.default.temporaryDirectory.appending(path: "places-\(UUID()).mmdb").path
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try Places(path: path)
    }

    @Test(arguments: [
        ("198.51.100.7", "DE"), ("203.0.113.1", "FR"), ("203.0.113.200", nil), ("2001:db8:1::9", "JP"),
        ("2001:db8:2::9", nil), ("192.0.2.1", "NL"), ("192.0.3.1", "SE"), ("192.0.4.1", nil), ("0.0.0.0", nil),
        ("255.255.255.255", nil), ("::ffff:198.51.100.7", nil), ("::", nil),
    ])
    func `tells the country of an address, or nothing`(address: String, country: String?) throws {
        let places = try opened(Self.writer().file())
        #expect(places.country(of: try #require(IPAddress(address)))?.text == country)
    }

    @Test func `reads records that point to shared ones`() throws {
        var writer = try Self.writer()
        writer.preamble = Writer.encoded(Writer.country("DE"))
        let target = Writer.encoded(.map([("country", .pointer(0))]))
        writer.preamble += target
        let shared = Writer.encoded(Writer.country("DE")).count
        writer.networks = [(try #require(IPPrefix("198.51.100.0/24")), .pointer(0))]
        #expect(try opened(writer.file()).country(of: try #require(IPAddress("198.51.100.7")))?.text == "DE")
        // A pointer to a pointer is none, nor is one out of the file.
        for wrong in [shared + target.count, 1 << 30] {
            writer.networks = [
                (try #require(IPPrefix("198.51.100.0/24")), .pointer(wrong)),
                (try #require(IPPrefix("203.0.113.0/25")), Writer.country("FR")),
            ]
            let places = try opened(writer.file())
            #expect(places.country(of: try #require(IPAddress("198.51.100.7"))) == nil)
            #expect(places.country(of: try #require(IPAddress("203.0.113.7")))?.text == "FR")
        }
    }

    @Test func `is taken anew when its file is replaced, and kept when the new one is damaged`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "places-\(UUID()).mmdb").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let address = try #require(IPAddress("198.51.100.7"))
        try Data(Self.writer().file()).write(to: URL(filePath: path))
        let places = try Places(path: path)
        #expect(try !places.reloadIfChanged())
        var writer = try Self.writer()
        writer.networks[0].1 = Writer.country("AT")
        try Data(writer.file()).write(to: URL(filePath: path), options: .atomic)
        #expect(try places.reloadIfChanged() && !places.reloadIfChanged())
        #expect(places.country(of: address)?.text == "AT")
        // In place, as a careless copy does it.
        try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 40)
        #expect(places.country(of: address)?.text == "AT")
        #expect(throws: PlacesError.self) { try places.reloadIfChanged() }
        #expect(try !places.reloadIfChanged())
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: PlacesError.unreadable("No such file or directory")) { try places.reloadIfChanged() }
        #expect(places.country(of: address)?.text == "AT")
        try Data(Self.writer().file()).write(to: URL(filePath: path), options: .atomic)
        #expect(try places.reloadIfChanged())
        #expect(places.country(of: address)?.text == "DE")
    }

    @Test func `of another kind, or no database at all, is refused`() throws {
        #expect(throws: PlacesError.unreadable("No such file or directory")) { try Places(path: "/nowhere/at.mmdb") }
        #expect(throws: PlacesError.unreadable("it is not a file")) { try Places(path: "/tmp") }
        #expect(throws: PlacesError.malformed("it has no metadata")) { try opened([]) }
        #expect(throws: PlacesError.malformed("it has no metadata")) { try opened(Array("not a database".utf8)) }
        var writer = try Self.writer()
        writer.networks = [
            (try #require(IPPrefix("198.51.100.0/24")), .map([("autonomous_system_number", .number(1, bytes: 4))]))
        ]
        writer.type = "GeoLite2-ASN"
        #expect(throws: PlacesError.withoutCountries("GeoLite2-ASN")) { try opened(writer.file()) }
        writer.networks = []
        #expect(throws: PlacesError.withoutCountries("GeoLite2-ASN")) { try opened(writer.file()) }
        writer = try Self.writer()
        writer.version = 3
        #expect(throws: PlacesError.self) { try opened(writer.file()) }
        for members: [(String, Writer.Value)] in [
            [], [("node_count", .text("1"))], [("node_count", .number(.max, bytes: 8))],
            [("languages", .bytes([0x1F, 0x04, 0xFF, 0xFF, 0xFF]))],
        ] {
            writer.metadata = members
            #expect(throws: PlacesError.self) { try opened(writer.file()) }
        }
    }

    @Test func `nested without end is refused and never read by recursion`() throws {
        // An array in an array in an array…
        let nested = DatabaseWriter.Value.bytes((0..<60_000).flatMap { _ in [0x01, 0x04] as [UInt8] })
        var writer = try Self.writer()
        writer.metadata = [("languages", nested)]
        #expect(throws: PlacesError.malformed("its metadata is cut off or too large")) { try opened(writer.file()) }
        writer = try Self.writer()
        writer.networks[0].1 = .map([("a", nested), ("country", .map([("iso_code", .text("DE"))]))])
        let places = try opened(writer.file())
        #expect(places.country(of: try #require(IPAddress("198.51.100.7"))) == nil)
        #expect(places.country(of: try #require(IPAddress("203.0.113.7")))?.text == "FR")
    }

    @Test(arguments: 0..<8)
    func `spoiled anywhere is refused or answers, and never traps`(part: Int) throws {
        let good = try Self.writer().file()
        let addresses = ["198.51.100.7", "203.0.113.1", "2001:db8:1::9", "::", "255.255.255.255"].compactMap {
            IPAddress($0)
        }
        var state = UInt64(part + 1)
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<150 {
            var bytes = good
            for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
            if random(4) == 0 { bytes.removeLast(random(bytes.count)) }
            guard let places = try? opened(bytes) else { continue }
            for address in addresses { _ = places.country(of: address) }
        }
    }
}
