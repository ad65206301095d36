import NetworkAddresses
import Testing

@testable import LinuxNetwork

private let udp4: [UInt8] =
    [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 100, 64, 0, 2, 100, 64, 0, 3] + [0x30, 0x39, 0, 53, 0, 12, 0, 0]
private let tcp6: [UInt8] =
    [0x60, 0, 0, 0, 0, 20, 6, 64] + [0xFD] + [UInt8](repeating: 0, count: 14) + [2] + [0xFD]
    + [UInt8](repeating: 0, count: 14) + [3] + [0xFF, 0xFF, 0, 22]

@Suite struct `A packet's header` {
    @Test func `says who sent what to which port`() throws {
        let first = try #require(PacketHeader(parsing: udp4))
        #expect(first.source == IPAddress("100.64.0.2"))
        #expect(first.destination == IPAddress("100.64.0.3"))
        #expect(first.transport == .udp)
        #expect(first.sourcePort == 12345)
        #expect(first.destinationPort == 53)
        let second = try #require(PacketHeader(parsing: tcp6))
        #expect(second.source == IPAddress("fd00::2"))
        #expect(second.transport == .tcp)
        #expect(second.sourcePort == 65535)
        #expect(second.destinationPort == 22)
    }

    @Test func `skips IPv4 options`() throws {
        var bytes = udp4
        bytes[0] = 0x46
        bytes.insert(contentsOf: [1, 1, 1, 1], at: 20)
        #expect(PacketHeader(parsing: bytes)?.destinationPort == 53)
    }

    @Test func `has no ports where they are not there`() throws {
        var later = udp4
        later[7] = 1
        #expect(try #require(PacketHeader(parsing: later)).destinationPort == nil)
        #expect(try #require(PacketHeader(parsing: udp4.prefix(21))).sourcePort == nil)
        #expect(try #require(PacketHeader(parsing: udp4.prefix(22))).destinationPort == nil)
        var extended = tcp6
        extended[6] = 0
        let header = try #require(PacketHeader(parsing: extended))
        #expect(header.protocolNumber == 0)
        #expect(header.transport == nil)
        #expect(header.destinationPort == nil)
    }

    @Test func `is refused when it is cut short or contradicts itself`() {
        for packet in [udp4, tcp6] {
            let shortest = packet[0] == 0x45 ? 20 : 40
            for count in 0..<shortest { #expect(PacketHeader(parsing: packet.prefix(count)) == nil) }
        }
        for first in [0x00, 0x44, 0x4F, 0x50, 0xFF] as [UInt8] {
            #expect(PacketHeader(parsing: [first] + udp4.dropFirst()) == nil)
        }
    }

    @Test func `never traps on any bytes`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20000 {
            var bytes = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if let first = bytes.first { bytes[0] = first & 0x0F | [0x40, 0x60][bytes.count & 1] }
            _ = PacketHeader(parsing: bytes)
        }
    }
}

@Suite struct `A netlink message` {
    @Test func `is written with its length, padding and attributes`() {
        var request = NetlinkRequest(type: 16, flags: 4, sequence: 7)
        request.append(UInt32(9))
        request.attribute(3, [1, 2, 3])
        #expect(
            request.finished == [28, 0, 0, 0, 16, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 7, 0, 3, 0, 1, 2, 3, 0])
    }

    @Test func `is read back`() throws {
        var request = NetlinkRequest(type: 16, flags: 0, sequence: 7)
        request.append(UInt32(9))
        request.attribute(3, [1, 2, 3])
        let replies = try #require(NetlinkReply.split(request.finished + request.finished))
        #expect(replies.map(\.sequence) == [7, 7])
        #expect(replies[1].attributes(after: 4)?[3].map(Array.init) == [1, 2, 3])
        #expect(replies[0].attributes(after: 100) == nil)
    }

    @Test func `is refused when a length contradicts its bytes`() {
        let good = NetlinkRequest(type: 16, flags: 0, sequence: 7).finished
        for count in 1..<good.count { #expect(NetlinkReply.split(Array(good.prefix(count))) == nil) }
        for length in [0, 15, 17, 255] as [UInt8] {
            #expect(NetlinkReply.split([length] + good.dropFirst()) == nil)
        }
        for attribute in [[3, 0, 1, 0], [5, 0, 1, 0], [255, 255, 1, 0]] as [[UInt8]] {
            let bytes = [20, 0, 0, 0] + good.dropFirst(4) + attribute
            #expect(NetlinkReply.split(bytes)?.first?.attributes(after: 0) == nil)
        }
    }

    @Test func `never traps on any bytes`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20000 {
            var bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            for index in 1..<4 where index < bytes.count { bytes[index] = 0 }
            for reply in NetlinkReply.split(bytes) ?? [] { _ = reply.attributes(after: 4) }
        }
    }
}

@Suite struct `A run of segments` {
    @Test(arguments: [UInt32(576), 1280, 1420, 1500, 9000])
    func `fits one datagram of the engine's when each is sealed`(_ mtu: UInt32) {
        let run = RouteNetlink.largestRun(mtu: mtu)
        // Headers of IPv6 and TCP, the least that each segment has.
        let segments = (run + mtu - 61) / (mtu - 60)
        #expect(segments * (mtu + 32) <= 65_507 && (segments + 1) * (mtu + 32) > 65_507)
        #expect(run >= 65_507 * 8 / 10)
    }
}
