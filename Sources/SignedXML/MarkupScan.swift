/// A pass over the bytes of a document before any parser sees them: counts what is limited, refuses what is forbidden.
///
/// It reads tags exactly as XML 1.0 §2.3–2.8 and §3.1 write them and refuses every other use of `<`, so that the parser
/// after it can find no markup that was not counted. It does not match names of tags: the parser does. What the parser
/// would find wrong again and again in one text (it goes on after an error, slowly) is refused here at the first place.
struct MarkupScan {
    private let bytes: [UInt8]
    private let limits: XMLLimits
    private var position = 0
    private var elements = 0
    private var attributes = 0
    private var declarations = 0
    private var inScope = 0
    /// Namespace declarations of each open element.
    private var open: [Int] = []

    private init(_ bytes: [UInt8], limits: XMLLimits) {
        self.bytes = bytes
        self.limits = limits
        open.reserveCapacity(limits.depth)
    }

    static func check(_ bytes: [UInt8], limits: XMLLimits) throws(SignedXMLError) {
        guard bytes.count <= limits.maximumBytes else { throw .tooLarge }
        var scan = MarkupScan(bytes, limits: limits)
        try scan.characters()
        try scan.declaration()
        try scan.markup()
    }

    /// UTF-8 without control characters; a zero byte would also be the sign of UTF-16.
    private func characters() throws(SignedXMLError) {
        for byte in bytes where byte < 0x20 && byte != 0x0A && byte != 0x09 && byte != 0x0D { throw .encoding }
        guard (try? UTF8Span(validating: bytes.span)) != nil else { throw .encoding }
        // XML 1.0 §2.2: U+FFFE and U+FFFF, EF BF BE and EF BF BF, are no characters.
        var rest = bytes[...]
        while let lead = rest.firstIndex(of: 0xEF) {
            rest = rest[(lead + 1)...]
            guard rest.first != 0xBF || (rest.dropFirst().first ?? 0) < 0xBE else { throw .malformed }
        }
    }

    /// The XML declaration, if there is one. Source: XML 1.0 §2.8.
    private mutating func declaration() throws(SignedXMLError) {
        guard take("<?xml"), isSpace(peek) else {
            position = 0
            return
        }
        var expected = ["version", "encoding", "standalone"][...]
        while true {
            skipSpace()
            if take("?>") { return }
            guard let name = pseudoName(), let index = expected.firstIndex(of: name) else { throw .malformed }
            if expected.first == "version", name != "version" { throw .malformed }
            expected = expected[(index + 1)...]
            let value = String(decoding: bytes[try attributeValue()], as: UTF8.self)
            switch name {
            case "version": guard value == "1.0" else { throw .malformed }
            case "encoding": guard value.lowercased() == "utf-8" else { throw .encoding }
            default: guard value == "yes" || value == "no" else { throw .malformed }
            }
            guard isSpace(peek) || peek == UInt8(ascii: "?") else { throw .malformed }
        }
    }

    private mutating func pseudoName() -> String? {
        let start = position
        while let byte = peek, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) { position += 1 }
        return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func markup() throws(SignedXMLError) {
        let count = bytes.count
        while position < count {
            let byte = bytes[position]
            if byte != UInt8(ascii: "<") {
                // Outside the root there is white space only.
                guard !open.isEmpty || isSpace(byte) else { throw .malformed }
                position += 1
                if byte == UInt8(ascii: "&") { try reference() }
                // XML 1.0 §2.4: the end of a CDATA section must not stand in a text.
                if byte == UInt8(ascii: "]"), take("]>") { throw .malformed }
                continue
            }
            position += 1
            switch peek {
            case UInt8(ascii: "!"): try declarationOrComment()
            case UInt8(ascii: "?"): throw .processingInstruction
            case UInt8(ascii: "/"): try endTag()
            default: try startTag()
            }
        }
    }

    private mutating func declarationOrComment() throws(SignedXMLError) {
        try count(&elements, limit: limits.elements, .tooManyElements)
        if take("!--") {
            // XML 1.0 §2.5: no two hyphens in a comment.
            guard find(0x2D, 0x2D), take("-->") else { throw .malformed }
        } else if take("![CDATA[") {
            guard !open.isEmpty else { throw .malformed }
            repeat {
                guard find(0x5D, 0x5D) else { throw .malformed }
                if take("]]>") { return }
                position += 1
            } while true
        } else {
            throw .doctype
        }
    }

    private mutating func endTag() throws(SignedXMLError) {
        position += 1
        try name()
        skipSpace()
        guard take(">"), let declared = open.popLast() else { throw .malformed }
        inScope -= declared
    }

    private mutating func startTag() throws(SignedXMLError) {
        try count(&elements, limit: limits.elements, .tooManyElements)
        guard open.count < limits.depth else { throw .tooDeep }
        try name()
        var own = 0
        var declared = 0
        while true {
            let hadSpace = skipSpace()
            if take(">") {
                open.append(declared)
                return
            }
            if take("/>") {
                inScope -= declared
                return
            }
            guard hadSpace else { throw .malformed }
            if try attribute() {
                declared += 1
                try count(&declarations, limit: limits.namespaceDeclarations, .tooManyNamespaces)
                try count(&inScope, limit: limits.namespacesInScope, .tooManyNamespaces)
            } else {
                try count(&own, limit: limits.attributesOfElement, .tooManyAttributes)
                try count(&attributes, limit: limits.attributes, .tooManyAttributes)
            }
        }
    }

    /// True when it declares a namespace.
    private mutating func attribute() throws(SignedXMLError) -> Bool {
        let start = position
        try name()
        let range = start..<position
        _ = try attributeValue()
        guard range.count == 5 || range.count > 5 && bytes[start + 5] == UInt8(ascii: ":") else { return false }
        return bytes[range].starts(with: "xmlns".utf8)
    }

    /// `= "…"`; the range of what is inside.
    private mutating func attributeValue() throws(SignedXMLError) -> Range<Int> {
        skipSpace()
        guard take("=") else { throw .malformed }
        skipSpace()
        guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw .malformed }
        position += 1
        let start = position
        while let byte = peek, byte != quote {
            guard byte != UInt8(ascii: "<") else { throw .malformed }
            position += 1
            if byte == UInt8(ascii: "&") { try reference() }
        }
        guard position < bytes.count else { throw .malformed }
        position += 1
        return start..<(position - 1)
    }

    /// What follows `&`: without a DTD only five entities exist, and characters by number. Source: XML 1.0 §4.1, §4.6.
    private mutating func reference() throws(SignedXMLError) {
        guard take("#") else {
            guard take("amp;") || take("lt;") || take("gt;") || take("quot;") || take("apos;") else {
                throw .malformed
            }
            return
        }
        let isHexadecimal = take("x")
        let start = position
        while let byte = peek, byte != UInt8(ascii: ";"), position - start < 8 { position += 1 }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        guard take(";"), digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
            let value = UInt32(digits, radix: isHexadecimal ? 16 : 10), let scalar = Unicode.Scalar(value)
        else { throw .malformed }
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0xFFFD, 0x10000...: return
        default: throw .malformed
        }
    }

    private mutating func name() throws(SignedXMLError) {
        let start = position
        while let byte = peek, Self.isOfName[Int(byte)] { position += 1 }
        guard start < position else { throw .malformed }
    }

    /// Whatever cannot end a name or be markup; which of these make a name is the parser's to say.
    private static let isOfName: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in UInt8(ascii: "!")...0xFF { table[Int(byte)] = true }
        for byte in "!\"#$%&'()*+,/;<=>?@[\\]^`{|}~\u{7F}".utf8 { table[Int(byte)] = false }
        return table
    }()

    private func count(_ value: inout Int, limit: Int, _ error: SignedXMLError) throws(SignedXMLError) {
        value += 1
        guard value <= limit else { throw error }
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func isSpace(_ byte: UInt8?) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D
    }

    @discardableResult private mutating func skipSpace() -> Bool {
        let start = position
        while isSpace(peek) { position += 1 }
        return position > start
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard bytes.count - position >= length else { return false }
        for index in 0..<length where bytes[position + index] != text.utf8Start[index] { return false }
        position += length
        return true
    }

    /// Goes to the next place of two bytes.
    private mutating func find(_ first: UInt8, _ second: UInt8) -> Bool {
        while position + 1 < bytes.count {
            if bytes[position] == first, bytes[position + 1] == second { return true }
            position += 1
        }
        return false
    }
}
