internal import CLinux

//  0         4        6        8          12         16          n
//  ├ length ─┼ type ──┼ flags ─┼ sequence ┼ port id ─┼ payload ──┤   all in host order, length counts the header
//  attribute: length u16 · type u16 · value, padded to 4 bytes; length counts its header

/// A netlink message being written. Source: RFC 3549 §2.3.2.
struct NetlinkRequest {
    let sequence: UInt32
    private(set) var bytes: [UInt8]

    init(type: some BinaryInteger, flags: Int32, sequence: UInt32) {
        self.sequence = sequence
        bytes = []
        append(UInt32(0))
        append(UInt16(truncatingIfNeeded: type))
        append(UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST))
        append(sequence)
        append(UInt32(0))
    }

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }

    mutating func append(bytes more: [UInt8]) { bytes += more }

    mutating func attribute(_ type: some BinaryInteger, _ value: [UInt8]) {
        append(UInt16(truncatingIfNeeded: value.count + 4))
        append(UInt16(truncatingIfNeeded: type))
        bytes += value
        while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
    }

    mutating func attribute(_ type: some BinaryInteger, _ value: UInt32) {
        attribute(type, withUnsafeBytes(of: value) { Array($0) })
    }

    /// The message with its length filled in.
    var finished: [UInt8] {
        var result = bytes
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count)) { result.replaceSubrange(0..<4, with: $0) }
        return result
    }
}

/// A received netlink message; every offset is checked against the bytes that came.
struct NetlinkReply {
    let type: UInt16
    let sequence: UInt32
    let payload: ArraySlice<UInt8>

    /// Splits one datagram. Nil when a length contradicts the bytes.
    static func split(_ datagram: [UInt8]) -> [NetlinkReply]? {
        var replies: [NetlinkReply] = []
        var rest = datagram[...]
        while !rest.isEmpty {
            guard let length = rest.hostInteger(at: 0, as: UInt32.self), length >= 16, Int(length) <= rest.count,
                let type = rest.hostInteger(at: 4, as: UInt16.self),
                let sequence = rest.hostInteger(at: 8, as: UInt32.self)
            else { return nil }
            replies.append(
                NetlinkReply(type: type, sequence: sequence, payload: rest.prefix(Int(length)).dropFirst(16)))
            rest = rest.dropFirst((Int(length) + 3) & ~3)
        }
        return replies
    }

    /// The attributes behind a fixed header of `offset` bytes; nil when a length contradicts the bytes.
    func attributes(after offset: Int) -> [UInt16: ArraySlice<UInt8>]? {
        guard payload.count >= offset else { return nil }
        var found: [UInt16: ArraySlice<UInt8>] = [:]
        var rest = payload.dropFirst(offset)
        while let (type, value) = rest.nextAttribute() { found[type] = value }
        return rest.count < 4 ? found : nil
    }
}

extension ArraySlice<UInt8> {
    /// Takes the attribute at the start away; nil at the end, or where a length contradicts the bytes.
    mutating func nextAttribute() -> (type: UInt16, value: ArraySlice<UInt8>)? {
        guard let length = hostInteger(at: 0, as: UInt16.self), length >= 4, Int(length) <= count,
            let type = hostInteger(at: 2, as: UInt16.self)
        else { return nil }
        let value = prefix(Int(length)).dropFirst(4)
        self = dropFirst((Int(length) + 3) & ~3)
        return (type & 0x3FFF, value)
    }

    /// The integer in host order `offset` bytes from the start, or nil past the end.
    func hostInteger<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value? {
        let part = dropFirst(offset).prefix(MemoryLayout<Value>.size)
        guard part.count == MemoryLayout<Value>.size else { return nil }
        var value = Value.zero
        Swift.withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: part) }
        return value
    }
}
