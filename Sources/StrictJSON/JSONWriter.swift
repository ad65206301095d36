/// Writes one object as bytes, member by member, with no value in between: for records that are written often.
///
/// Names are given in byte order, so that the bytes are those that `JSON.encoded()` makes of the same object.
package struct JSONWriter {
    private var output: [UInt8] = []

    /// `capacity`: about how many bytes the object takes.
    package init(capacity: Int = 256) {
        output.reserveCapacity(capacity)
    }

    /// The whole object, whose members `members` writes.
    package static func text(capacity: Int = 256, _ members: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(capacity: capacity)
        writer.object(members)
        return String(decoding: writer.output, as: UTF8.self)
    }

    package mutating func member(_ name: StaticString, _ value: String) {
        begin(name)
        JSON.append(string: value, to: &output)
    }

    package mutating func member(_ name: StaticString, _ value: Int) {
        begin(name)
        JSON.append(integer: value, to: &output)
    }

    package mutating func member(_ name: StaticString, _ value: Bool) {
        begin(name)
        JSON.append(bool: value, to: &output)
    }

    /// `null` for nil.
    package mutating func member(_ name: StaticString, _ value: String?) {
        if let value { member(name, value) } else { null(name) }
    }

    /// `null` for nil.
    package mutating func member(_ name: StaticString, _ value: Int?) {
        if let value { member(name, value) } else { null(name) }
    }

    package mutating func member(_ name: StaticString, _ values: [Int]) {
        array(name, count: values.count) { JSON.append(integer: values[$0], to: &$1) }
    }

    /// `null` for nil.
    package mutating func member(_ name: StaticString, _ values: [String]?) {
        guard let values else { return null(name) }
        array(name, count: values.count) { JSON.append(string: values[$0], to: &$1) }
    }

    package mutating func object(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
        begin(name)
        object(members)
    }

    private mutating func object(_ members: (inout JSONWriter) -> Void) {
        output.append(UInt8(ascii: "{"))
        members(&self)
        output.append(UInt8(ascii: "}"))
    }

    private mutating func array(_ name: StaticString, count: Int, _ append: (Int, inout [UInt8]) -> Void) {
        begin(name)
        output.append(UInt8(ascii: "["))
        for index in 0..<count {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            append(index, &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func null(_ name: StaticString) {
        begin(name)
        JSON.appendNull(to: &output)
    }

    /// A name is a constant of ours that needs no escape; what stands before it is a brace or a value.
    private mutating func begin(_ name: StaticString) {
        if output.last != UInt8(ascii: "{") { output.append(UInt8(ascii: ",")) }
        output.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { output.append(contentsOf: $0) }
        output.append(UInt8(ascii: "\""))
        output.append(UInt8(ascii: ":"))
    }
}
