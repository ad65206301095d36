extension JSON {
    /// Nesting allowed in received text: deeper is hostile, not useful.
    package static let maximumDepth = 32

    /// What a text of 1 MiB means has fewer objects and arrays than one for each so many bytes; a text that is made of them
    /// is made to cost.
    static let bytesPerContainer = 12

    /// Reads exactly one JSON text. Errors: `malformed`, `duplicateName`, `tooDeep`, and `tooLong`, also for more objects
    /// and arrays than one for each twelve bytes of `maximumBytes`.
    package init(parsing bytes: some Collection<UInt8>, maximumBytes: Int = 1 << 20) throws(JSONError) {
        guard bytes.count <= maximumBytes else { throw .tooLong }
        let containers = max(64, maximumBytes / Self.bytesPerContainer)
        let read =
            bytes.withContiguousStorageIfAvailable { Self.read($0.span, containers) }
            ?? Self.read(Array(bytes).span, containers)
        self = try read.get()
    }

    private static func read(_ bytes: Span<UInt8>, _ containers: Int) -> Result<JSON, JSONError> {
        var parser = JSONParser(containersLeft: containers)
        do throws(JSONError) { return .success(try parser.parseText(bytes)) } catch { return .failure(error) }
    }
}

/// A recursive-descent reader; it never owns the bytes, and reads them only through `peek`, which is bounded.
private struct JSONParser {
    private var position = 0
    /// The members of the objects that are open, the innermost last: an object that closes takes its own off the end, and
    /// is made once, in its final size.
    private var members: [(name: String, value: JSON)] = []
    private var containersLeft: Int

    init(containersLeft: Int) {
        self.containersLeft = containersLeft
        // As many as most texts have at once: growing to that costs as much as reading them.
        members.reserveCapacity(16)
    }

    mutating func parseText(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        let value = try parseValue(bytes, depth: 0)
        skipWhitespace(bytes)
        guard position == bytes.count else { throw malformed }
        return value
    }

    private var malformed: JSONError { .malformed(offset: position) }

    @inline(__always)
    private func peek(_ bytes: Span<UInt8>) -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace(_ bytes: Span<UInt8>) {
        while let byte = peek(bytes), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func parseValue(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSON {
        guard depth < JSON.maximumDepth else { throw .tooDeep }
        skipWhitespace(bytes)
        switch peek(bytes) {
        case UInt8(ascii: "{"):
            try countContainer()
            return try parseObject(bytes, depth: depth)
        case UInt8(ascii: "["):
            try countContainer()
            return try parseArray(bytes, depth: depth)
        case UInt8(ascii: "\""): return .string(try parseString(bytes))
        case UInt8(ascii: "t"): return try parseLiteral(bytes, "true", .bool(true))
        case UInt8(ascii: "f"): return try parseLiteral(bytes, "false", .bool(false))
        case UInt8(ascii: "n"): return try parseLiteral(bytes, "null", .null)
        default: return try parseNumber(bytes)
        }
    }

    private mutating func countContainer() throws(JSONError) {
        guard containersLeft > 0 else { throw .tooLong }
        containersLeft -= 1
    }

    private mutating func parseLiteral(
        _ bytes: Span<UInt8>, _ text: StaticString, _ value: JSON
    ) throws(JSONError) -> JSON {
        let start = position
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        for byte in expected {
            guard peek(bytes) == byte else { throw .malformed(offset: start) }
            position += 1
        }
        return value
    }

    private mutating func parseObject(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSON {
        position += 1
        skipWhitespace(bytes)
        if peek(bytes) == UInt8(ascii: "}") {
            position += 1
            return .object([:])
        }
        let first = members.count
        while true {
            skipWhitespace(bytes)
            guard peek(bytes) == UInt8(ascii: "\"") else { throw malformed }
            let name = try parseString(bytes)
            skipWhitespace(bytes)
            guard peek(bytes) == UInt8(ascii: ":") else { throw malformed }
            position += 1
            members.append((name, try parseValue(bytes, depth: depth + 1)))
            skipWhitespace(bytes)
            switch peek(bytes) {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return .object(try closeObject(from: first))
            default: throw malformed
            }
        }
    }

    private mutating func closeObject(from first: Int) throws(JSONError) -> [String: JSON] {
        var result = [String: JSON](minimumCapacity: members.count - first)
        while members.count > first, let member = members.popLast() {
            guard result.updateValue(member.value, forKey: member.name) == nil else {
                throw .duplicateName(member.name)
            }
        }
        return result
    }

    private mutating func parseArray(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipWhitespace(bytes)
        if peek(bytes) == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            elements.append(try parseValue(bytes, depth: depth + 1))
            skipWhitespace(bytes)
            switch peek(bytes) {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return .array(elements)
            default: throw malformed
            }
        }
    }

    private mutating func parseString(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        position += 1
        let start = position
        skipPlain(bytes)
        guard peek(bytes) == UInt8(ascii: "\"") else { return try parseEscapedString(bytes, from: start) }
        defer { position += 1 }
        return try string(bytes.extracting(start..<position))
    }

    private mutating func parseEscapedString(_ bytes: Span<UInt8>, from first: Int) throws(JSONError) -> String {
        var text: [UInt8] = []
        var start = first
        while true {
            for index in start..<position { text.append(bytes[index]) }
            switch peek(bytes) {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return try string(text.span)
            case UInt8(ascii: "\\"):
                position += 1
                try parseEscape(bytes, into: &text)
            default: throw malformed
            }
            start = position
            skipPlain(bytes)
        }
    }

    private mutating func skipPlain(_ bytes: Span<UInt8>) {
        while let byte = peek(bytes), byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            position += 1
        }
    }

    /// RFC 8259 §8.1: JSON text MUST be UTF-8; an ill-formed sequence is refused, never repaired.
    private func string(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        guard let text = try? UTF8Span(validating: bytes) else { throw malformed }
        return String(copying: text)
    }

    private mutating func parseEscape(_ bytes: Span<UInt8>, into text: inout [UInt8]) throws(JSONError) {
        guard let escape = peek(bytes) else { throw malformed }
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try parseFourHexDigits(bytes)
            if (0xD800..<0xDC00).contains(value) {
                guard peek(bytes) == UInt8(ascii: "\\") else { throw malformed }
                position += 1
                guard peek(bytes) == UInt8(ascii: "u") else { throw malformed }
                position += 1
                let low = try parseFourHexDigits(bytes)
                guard (0xDC00..<0xE000).contains(low) else { throw malformed }
                value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) else { throw malformed }
            text.append(contentsOf: encoded)
        default: throw malformed
        }
    }

    private mutating func parseFourHexDigits(_ bytes: Span<UInt8>) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch peek(bytes) {
            case let byte? where (0x30...0x39).contains(byte): digit = byte - 0x30
            case let byte? where (0x41...0x46).contains(byte): digit = byte - 0x37
            case let byte? where (0x61...0x66).contains(byte): digit = byte - 0x57
            default: throw malformed
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func parseNumber(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        let start = position
        let isNegative = peek(bytes) == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let integer = try parseInteger(bytes, isNegative: isNegative)
        var isInteger = true
        if peek(bytes) == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            _ = try parseDigits(bytes, isNegative: false)
        }
        if peek(bytes) == UInt8(ascii: "e") || peek(bytes) == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek(bytes) == UInt8(ascii: "+") || peek(bytes) == UInt8(ascii: "-") { position += 1 }
            _ = try parseDigits(bytes, isNegative: false)
        }
        if isInteger, let integer { return .integer(integer) }
        let end = position
        position = start
        guard let value = Double(try string(bytes.extracting(start..<end))), value.isFinite else { throw malformed }
        position = end
        return .number(value)
    }

    /// A lone zero, or digits that do not begin with zero; nil where they do not fit.
    private mutating func parseInteger(_ bytes: Span<UInt8>, isNegative: Bool) throws(JSONError) -> Int? {
        guard peek(bytes) == UInt8(ascii: "0") else { return try parseDigits(bytes, isNegative: isNegative) }
        position += 1
        return 0
    }

    /// At least one digit, as a whole number; nil where they do not fit.
    private mutating func parseDigits(_ bytes: Span<UInt8>, isNegative: Bool) throws(JSONError) -> Int? {
        let start = position
        var value: Int? = 0
        while let byte = peek(bytes), (0x30...0x39).contains(byte) {
            position += 1
            let digit = Int(byte - 0x30)
            if let current = value {
                let (tens, overflow) = current.multipliedReportingOverflow(by: 10)
                let (next, carried) =
                    isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
                value = overflow || carried ? nil : next
            }
        }
        guard position > start else { throw malformed }
        return value
    }
}
