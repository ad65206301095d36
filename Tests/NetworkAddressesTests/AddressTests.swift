import NetworkAddresses
import Testing

@Suite struct `An IP address` {
    /// RFC 5952 §1, §2 and §4: the ways to write one address, and the way it is written here.
    @Test(arguments: [
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:0:1::1", "2001:db8::1:0:0:1"),
        ("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"),
        ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
        ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::", "::"),
        ("0:0:0:0:0:0:0:1", "::1"), ("1:0:0:0:0:0:0:0", "1::"), ("::192.0.2.1", "::c000:201"),
        ("1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"), ("::ffff:192.0.2.1", "::ffff:c000:201"),
        ("1::8:7:6:5:4:3", "1:0:8:7:6:5:4:3"), ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
    ])
    func `is written in one way`(_ text: String, _ canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(bytes: address.bytes) == address)
        #expect(address.bytes.count * 8 == address.width)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.256", "1.2.3.04", "0x1.2.3.4",
        "1.2.3.-4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.٤", "1.2.3.4444", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "1::2::3", ":1::", "1:", "::1:", ":1:2:3:4:5:6:7:8", "12345::", "g::", "1::2:3:4:5:6:7:8", "::1.2.3",
        "::1.2.3.4:5",
        "1.2.3.4::", "1:2:3.4.5.6::", "::1%eth0", "[::1]", "::ffff:1.2.3.256", "1:2:3:4:5:6:7:1.2.3.4", "::+1", "::-1",
        "::é",
        String(repeating: "0:", count: 10_000),
    ])
    func `is nothing else`(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test func `is 4 or 16 bytes`() {
        for count in 0...20 where count != 4 && count != 16 {
            #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
        #expect(IPAddress(bytes: [192, 0, 2, 1]) == .v4(0xC000_0201))
    }

    @Test func `is ordered by family, then by value`() {
        let texts = ["0.0.0.0", "9.0.0.0", "10.0.0.0", "255.0.0.0", "::", "::2", "::10", "1::", "2::"]
        let addresses = texts.compactMap { IPAddress($0) }
        #expect(addresses.shuffled().sorted() == addresses)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `survives any text, and comes back from any value`(_ seed: UInt64) {
        var random = SplitMix64(position: seed)
        let alphabet = Array("0123456789abcdefF::::....%[]/ é")
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &random)
            let text = String((0..<count).compactMap { _ in alphabet.randomElement(using: &random) })
            if let address = IPAddress(text) { #expect(IPAddress(address.description) == address) }
            _ = IPPrefix(text)
            _ = Endpoint(text)
            // Zero groups at random places, so that every "::" occurs.
            let mask = random.next()
            let bytes = (0..<16).map { index in
                mask >> (index / 2) & 1 == 0 ? 0 : UInt8.random(in: 0...255, using: &random)
            }
            #expect(IPAddress(bytes: bytes).flatMap { IPAddress($0.description) }?.bytes == bytes)
        }
    }
}

@Suite struct `An address prefix` {
    @Test(arguments: [
        ("100.64.0.0/10", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
        ("0.0.0.0/0", "0.0.0.0", "255.255.255.255", "::"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"), ("fd00::/48", "fd00::", "fd00:0:0:ffff::1", "fd00:0:1::"),
        ("fd00::/64", "fd00::", "fd00::ffff:ffff:ffff:ffff", "fd00:0:0:1::"), ("::/0", "::", "ffff::", "1.2.3.4"),
        ("fd00::8000:0:0:0/65", "fd00::8000:0:0:0", "fd00::ffff:0:0:1", "fd00::1"), ("::1/128", "::1", "::1", "::2"),
    ])
    func `holds its addresses and no other`(_ text: String, _ first: String, _ last: String, _ outside: String) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(prefix.contains(try #require(IPAddress(first))))
        #expect(prefix.contains(try #require(IPAddress(last))))
        #expect(!prefix.contains(try #require(IPAddress(outside))))
        #expect(IPPrefix(prefix.description) == prefix)
    }

    @Test(arguments: [
        "", "/", "1.2.3.4/", "/8", "10.0.0.0/33", "::/129", "10.0.0.1/8", "fd00::1/64", "10.0.0.0/8/8", "10.0.0.0/-1",
        "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/ 8", "10.0.0.0/256", "10.0.0.0/٨",
    ])
    func `is nothing else`(_ text: String) { #expect(IPPrefix(text) == nil) }

    @Test func `of a host is the host`() throws {
        for text in ["192.0.2.1", "fd00::1"] {
            let address = try #require(IPAddress(text))
            #expect(IPPrefix(host: address) == IPPrefix(text))
            #expect(IPPrefix(address, length: -1) == nil)
        }
    }
}

@Suite struct `An endpoint` {
    @Test(arguments: ["192.0.2.1:51820", "[2001:db8::1]:1", "0.0.0.0:65535"])
    func `is an address and a port`(_ text: String) throws {
        #expect(try #require(Endpoint(text)).description == text)
    }

    @Test(arguments: [
        "", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:+1", "192.0.2.1:01", "::1:80",
        "[::1]", "[::1]80", "[192.0.2.1]:80", "[::1:80", "::1]:80", "host:80", "192.0.2.1:80:80", "192.0.2.1:٨",
        "192.0.2.1:" + String(repeating: "0", count: 10_000) + "80",
    ])
    func `is nothing else`(_ text: String) { #expect(Endpoint(text) == nil) }
}

@Suite struct `A transport protocol` {
    @Test func `has its number in either family`() {
        for transport in TransportProtocol.allCases {
            for v4 in [true, false] { #expect(TransportProtocol(number: transport.number(v4: v4)) == transport) }
        }
        #expect((0...255).compactMap { TransportProtocol(number: $0) }.count == 4)
    }
}

private struct SplitMix64: RandomNumberGenerator {
    var position: UInt64

    mutating func next() -> UInt64 {
        position &+= 0x9E37_79B9_7F4A_7C15
        var mixed = position
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
