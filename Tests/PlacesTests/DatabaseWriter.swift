import NetworkAddresses

/// Writes MaxMind DBs of a few networks, right ones and wrong ones. Source: MaxMind DB File Format 2.0.
struct DatabaseWriter {
    /// What a record says, in the format's own types.
    indirect enum Value {
        case text(String)
        case number(UInt64, bytes: Int)
        case map([(String, Value)])
        case array([Value])
        case pointer(Int)
        /// As it is.
        case bytes([UInt8])
    }

    var type = "Test-Country"
    var version: UInt64 = 2
    var networks: [(IPPrefix, Value)] = []
    /// Data before the first record, for pointers to point to.
    var preamble: [UInt8] = []
    var metadata: [(String, Value)]?

    static func country(_ code: String) -> Value {
        .map([
            ("continent", .map([("code", .text("EU")), ("geoname_id", .number(6_255_148, bytes: 4))])),
            ("country", .map([("geoname_id", .number(1, bytes: 4)), ("iso_code", .text(code))])),
        ])
    }

    static func encoded(_ value: Value) -> [UInt8] {
        switch value {
        case .text(let text): control(2, text.utf8.count) + Array(text.utf8)
        case .number(let number, let bytes):
            control(bytes == 2 ? 5 : bytes == 4 ? 6 : 9, bytes)
                + (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
        case .map(let members):
            control(7, members.count) + members.flatMap { encoded(.text($0.0)) + encoded($0.1) }
        case .array(let elements): control(11, elements.count) + elements.flatMap(encoded)
        // Of 32 bits.
        case .pointer(let target):
            [0b0011_1000] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: target >> (8 * $0)) }
        case .bytes(let bytes): bytes
        }
    }

    /// The whole file, with records of 32 bits.
    func file() -> [UInt8] {
        var nodes: [[Leaf]] = [[.empty, .empty]]
        var data = preamble
        for (prefix, value) in networks {
            insert(prefix, data.count, into: &nodes)
            data += Self.encoded(value)
        }
        let count = nodes.count
        let tree = nodes.flatMap { node in
            node.flatMap { leaf -> [UInt8] in
                let record =
                    switch leaf {
                    case .empty: count
                    case .node(let number): number
                    case .data(let offset): count + 16 + offset
                    }
                return (0..<4).reversed().map { UInt8(truncatingIfNeeded: record >> (8 * $0)) }
            }
        }
        let members =
            metadata ?? [
                ("binary_format_major_version", .number(version, bytes: 2)),
                ("binary_format_minor_version", .number(0, bytes: 2)), ("build_epoch", .number(1, bytes: 8)),
                ("database_type", .text(type)), ("description", .map([("en", .text("for tests"))])),
                ("ip_version", .number(6, bytes: 2)), ("languages", .array([.text("en")])),
                ("node_count", .number(UInt64(count), bytes: 4)), ("record_size", .number(32, bytes: 2)),
            ]
        return tree + [UInt8](repeating: 0, count: 16) + data + [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
            + Self.encoded(.map(members))
    }

    private enum Leaf {
        case empty
        case node(Int)
        case data(Int)
    }

    /// IPv4 lies in ::/96.
    private func insert(_ prefix: IPPrefix, _ offset: Int, into nodes: inout [[Leaf]]) {
        let (high, low, length) =
            switch prefix.address {
            case .v4(let number): (UInt64(0), UInt64(number), prefix.length + 96)
            case .v6(let high, let low): (high, low, prefix.length)
            }
        var node = 0
        for depth in 0..<length {
            let word = depth < 64 ? high : low
            let bit = Int(word >> UInt64(63 - depth % 64) & 1)
            if depth == length - 1 {
                nodes[node][bit] = .data(offset)
            } else if case .node(let next) = nodes[node][bit] {
                node = next
            } else {
                nodes[node][bit] = .node(nodes.count)
                node = nodes.count
                nodes.append([.empty, .empty])
            }
        }
    }

    private static func control(_ type: UInt8, _ size: Int) -> [UInt8] {
        let (low, more): (UInt8, [UInt8]) =
            size < 29
            ? (UInt8(size), [])
            : size < 285 ? (29, [UInt8(size - 29)]) : (30, [UInt8((size - 285) >> 8), UInt8((size - 285) & 0xFF)])
        return (type > 7 ? [low, type - 7] : [type << 5 | low]) + more
    }
}
