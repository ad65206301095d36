internal import AccessPolicy

/// The data section of a MaxMind DB, or its metadata: typed values, each after a control byte.
///
/// Whatever is in it, reading takes a bounded number of steps and no recursion; what is out of bounds is not there.
/// Source: MaxMind DB File Format 2.0, "Output Data Section".
///
/// ```
///  0         1                      n
///  ├ control ┼ type, size, pointer ─┼ payload ┤   control: type in the upper 3 bits (0: it is 7 plus the next byte), size below
/// ```
struct DataSection {
    /// A value's kind and place; maps and arrays are followed by their elements.
    private struct Value {
        let type: UInt8
        let size: Int
        /// Where the payload begins.
        let payload: Int
    }

    private static let pointer: UInt8 = 1
    private static let text: UInt8 = 2
    private static let map: UInt8 = 7
    private static let array: UInt8 = 11
    private static let boolean: UInt8 = 14

    /// Values passed over for one answer at most; a record of a country has about forty.
    static let maximumSteps = 4096

    let bytes: UnsafeBufferPointer<UInt8>

    /// The text at a path of keys, from the map at `offset` on.
    func text(at offset: Int, _ path: [String]) -> String? {
        var steps = Self.maximumSteps
        var place = offset
        for key in path {
            guard let value = member(key, of: place, &steps) else { return nil }
            place = value
        }
        guard let value = follow(place, &steps), value.type == Self.text else { return nil }
        return string(value)
    }

    /// Whether the value at `offset` lies within the section with all that it holds, at most `steps` values of it.
    func isWhole(at offset: Int, steps: Int = Self.maximumSteps) -> Bool {
        var steps = steps
        return end(of: offset, &steps) != nil
    }

    private func member(_ key: String, of offset: Int, _ steps: inout Int) -> Int? {
        guard let map = follow(offset, &steps), map.type == Self.map else { return nil }
        var place = map.payload
        for _ in 0..<map.size {
            guard let name = follow(place, &steps), name.type == Self.text, let value = end(of: place, &steps) else {
                return nil
            }
            if string(name) == key { return value }
            guard let next = end(of: value, &steps) else { return nil }
            place = next
        }
        return nil
    }

    /// The value at an offset, through the one pointer that may stand for it.
    private func follow(_ offset: Int, _ steps: inout Int) -> Value? {
        guard let value = value(at: offset, &steps) else { return nil }
        guard value.type == Self.pointer else { return value }
        // A pointer never points to a pointer.
        guard let target = self.value(at: value.size, &steps), target.type != Self.pointer else { return nil }
        return target
    }

    /// Where the value at an offset ends, with its elements; pointers are passed over, not followed.
    private func end(of offset: Int, _ steps: inout Int) -> Int? {
        var left = 1
        var place = offset
        while left > 0 {
            guard let value = value(at: place, &steps) else { return nil }
            left -= 1
            switch value.type {
            case Self.map: left += 2 * value.size
            case Self.array: left += value.size
            default: break
            }
            place = value.payload
            switch value.type {
            case Self.pointer, Self.map, Self.array, Self.boolean: break
            default: place += value.size
            }
        }
        return place
    }

    private func value(at offset: Int, _ steps: inout Int) -> Value? {
        steps -= 1
        guard steps >= 0, let control = byte(offset) else { return nil }
        var place = offset + 1
        var type = control >> 5
        if type == Self.pointer { return pointer(control, place) }
        if type == 0 {
            guard let extended = byte(place), extended > 0, extended <= 8 else { return nil }
            type = extended + 7
            place += 1
        }
        var size = Int(control & 0x1F)
        if size >= 29 {
            let count = size - 28
            guard let more = number(place, count) else { return nil }
            size = [29, 285, 65_821][count - 1] + more
            place += count
        }
        let payload = [Self.map, Self.array, Self.boolean].contains(type) ? 0 : size
        guard payload <= bytes.count - place else { return nil }
        return Value(type: type, size: size, payload: place)
    }

    /// `size` is the offset that it points to.
    private func pointer(_ control: UInt8, _ place: Int) -> Value? {
        let count = Int(control >> 3 & 3) + 1
        guard let low = number(place, count) else { return nil }
        let high = count == 4 ? 0 : Int(control & 7) << (8 * count)
        return Value(type: Self.pointer, size: high + low + [0, 2048, 526_336, 0][count - 1], payload: place + count)
    }

    private func byte(_ place: Int) -> UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

    /// Big-endian, 1 to 4 bytes.
    private func number(_ place: Int, _ count: Int) -> Int? {
        guard place >= 0, count <= bytes.count - place else { return nil }
        return bytes[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
    }

    private func string(_ value: Value) -> String? {
        guard value.size <= bytes.count - value.payload else { return nil }
        return String(validating: bytes[value.payload..<value.payload + value.size], as: UTF8.self)
    }
}
