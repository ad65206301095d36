internal import Cryptography
internal import StrictJSON

//  line: 8 hex digits of CRC-32 over the rest · space · JSON · line feed
//  JSON: {"record": a connection record}, or {"lost": attempts that are told to nobody, by reason}

/// One file of the spool: at most 1,000 records, which make one batch. Its name is the batch's id, so it never changes.
///
/// `NNNNNNNNNNNN-SERVER-RANDOM`: 12 digits that grow, 16 hex digits of the SHA-256 of the server they are for, 16 more of
/// chance. A segment is only appended to by the run that made it; a line that a crash cut off is counted, not read.
struct SpoolSegment: Hashable, Sendable {
    static let largestLines = 1000
    static let largestBytes = 384 << 10

    let number: Int
    let name: String
    let server: String
    var records = 0
    var bytes = 0
    /// What its own lines say was lost.
    var losses = AttemptLosses()

    init(number: Int, server: String, chance: [UInt8]) {
        self.number = number
        self.server = server
        let digits = String(number)
        name =
            String(repeating: "0", count: max(12 - digits.utf8.count, 0)) + digits + "-" + server + "-"
            + Self.hex(chance.prefix(8))
    }

    /// Nil for a file that is none of the spool's.
    init?(name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 12, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(parts[0]),
            parts[1...].allSatisfy({ $0.utf8.count == 16 && $0.utf8.allSatisfy(Self.isHex) })
        else { return nil }
        self.number = number
        self.name = name
        server = String(parts[1])
    }

    /// How segments name a server.
    static func tag(of server: String) -> String { hex(Digest.sha256(server).prefix(8)) }

    static func line(record: [UInt8]) -> [UInt8] { line(Array(#"{"record":"#.utf8), record) }

    static func line(losses: AttemptLosses) -> [UInt8] { line(Array(#"{"lost":"#.utf8), losses.json.encoded()) }

    private static func line(_ head: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let json = head + value + [UInt8(ascii: "}")]
        return Array(checksum(json[...]).utf8) + [UInt8(ascii: " ")] + json + [UInt8(ascii: "\n")]
    }

    /// What a file holds, in order. What is not as it was written is counted as damaged, a line each.
    static func read(_ content: [UInt8]) -> (records: [JSON], losses: AttemptLosses) {
        var records: [JSON] = []
        var losses = AttemptLosses()
        for line in content.split(separator: UInt8(ascii: "\n")) {
            guard line.count > 9, String(decoding: line.prefix(8), as: UTF8.self) == checksum(line.dropFirst(9)),
                let members = try? JSONMembers(parsing: Array(line.dropFirst(9)))
            else {
                losses.damaged += 1
                continue
            }
            if let record = members.members["record"] { records.append(record) }
            if let lost = try? members.object("lost") { losses += AttemptLosses(lost) }
        }
        return (records, losses)
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> String {
        let sum = CRC32.of(bytes)
        return hex((0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }[...])
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

/// The checksum of IEEE 802.3. Source: RFC 1952 §8.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum = UInt32.max
        table.withUnsafeBufferPointer { table in
            for byte in bytes { sum = sum >> 8 ^ table[Int((sum ^ UInt32(byte)) & 255)] }
        }
        return ~sum
    }
}
