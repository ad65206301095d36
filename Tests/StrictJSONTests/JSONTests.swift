import StrictJSON
import Testing

@Suite struct `A JSON text` {
    @Test(
        arguments: [
            ("null", .null), (" true\n", .bool(true)), ("false", .bool(false)), ("0", .integer(0)), ("-0", .integer(0)),
            ("9223372036854775807", .integer(Int.max)), ("-9223372036854775808", .integer(Int.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.5e3", .number(1500)),
            ("1E-2", .number(0.01)),
            ("\"\"", ""), ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{C}\n\r\t"), ("\"\\u00e9\\u20AC\"", "é€"),
            ("\"\\ud83d\\ude00 x\"", "😀 x"), ("\"\\u0000\"", "\0"), ("\"é😀\"", "é😀"), ("\"a\\tb\\tc\"", "a\tb\tc"),
            ("[ ]", []), ("[1, [2], {}]", [1, [2], [:]]), ("{ }", [:]),
            ("{\"a\" : 1,\"b\":[null]}", ["a": 1, "b": [nil]]),
        ] as [(String, JSON)])
    func `is read`(_ text: String, _ value: JSON) throws {
        #expect(try JSON(parsing: text.utf8) == value)
        #expect(try JSON(parsing: value.encoded()) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "+1", "-", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1e400", "\"", "\"a",
        "\"\n\"", "\"\u{1F}\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\", "'a'", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]", "{",
        "{a:1}",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{1:2}", "1 2", "{}{}", "\u{FEFF}1", "// x\n1",
        "\"\u{0}\"",
    ])
    func `is refused when it is none`(_ text: String) {
        #expect {
            try JSON(parsing: text.utf8)
        } throws: { error in
            if case JSONError.malformed(let offset) = error { (0...text.utf8.count).contains(offset) } else { false }
        }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] as [[UInt8]])
    func `is refused when it is not UTF-8`(_ bytes: [UInt8]) {
        for text in [[0x22] + bytes + [0x22], [0x22, 0x5C, 0x6E] + bytes + [0x22], bytes] {
            #expect(throws: JSONError.self) { try JSON(parsing: text) }
        }
    }

    @Test func `names each member once, at every depth`() {
        for text in ["{\"a\":1,\"a\":1}", "[{\"a\":1,\"b\":2,\"\\u0061\":3}]"] {
            #expect(throws: JSONError.duplicateName("a")) { try JSON(parsing: text.utf8) }
        }
    }

    @Test func `has a depth and a length`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSON(parsing: nested(JSON.maximumDepth))
        #expect(throws: JSONError.tooDeep) { try JSON(parsing: nested(JSON.maximumDepth + 1)) }
        #expect(throws: JSONError.tooDeep) { try JSON(parsing: nested(100_000)) }
        #expect(throws: JSONError.tooDeep) {
            try JSON(parsing: String(repeating: "{\"a\":", count: 100_000).utf8)
        }
        #expect(try JSON(parsing: "\"abc\"".utf8, maximumBytes: 5) == "abc")
        #expect(throws: JSONError.tooLong) { try JSON(parsing: "\"abc\"".utf8, maximumBytes: 4) }
    }

    @Test(arguments: ["[],", "{},", "[[[[]]]],", "{\"a\":1},"])
    func `has no more objects and arrays than one for each twelve bytes of its limit`(_ piece: String) throws {
        func text(_ count: Int) -> [UInt8] {
            Array(("[" + String(repeating: piece, count: count) + "0]").utf8)
        }
        _ = try JSON(parsing: text(10), maximumBytes: 1_200)
        #expect(throws: JSONError.tooLong) { try JSON(parsing: text(100), maximumBytes: 1_200) }
        #expect(throws: JSONError.tooLong) { try JSON(parsing: text(90_000)) }
    }

    @Test func `is read from bytes that do not lie together, too`() throws {
        let bytes = Array("{\"a\":[\"\\u00e9\",1]}".utf8)
        #expect(try JSON(parsing: bytes.lazy.map { $0 }) == ["a": ["é", 1]])
    }

    @Test func `is written with sorted names and the fewest escapes`() {
        let value: JSON = ["b": [1, true, nil], "a\n": "\"\\\u{1}\u{7F}\n/é", "": .number(0.5), "B": .number(.nan)]
        #expect(
            value.encodedText()
                == #"{"":0.5,"B":null,"a\n":"\"\\\u0001\u007f\n/é","b":[1,true,null]}"#)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `comes back as it was written`(_ seed: UInt64) throws {
        var random = Mutation(seed: seed)
        for _ in 0..<500 {
            let value = random.json(depth: 4)
            let bytes = value.encoded()
            #expect(try JSON(parsing: bytes) == value)
            #expect(try JSON(parsing: bytes).encoded() == bytes)
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `changed at random is read or refused, never a trap`(_ seed: UInt64) {
        var random = Mutation(seed: seed)
        for _ in 0..<5_000 {
            let bytes = random.changed(random.json(depth: 4).encoded())
            if let value = try? JSON(parsing: bytes) { #expect((try? JSON(parsing: value.encoded())) == value) }
        }
    }
}

@Suite struct `An object written member by member` {
    @Test func `has the bytes of the same object as a value`() {
        let text = JSONWriter.text { writer in
            writer.member("a", "\"é\n")
            writer.object("b") { writer in
                writer.object("empty") { _ in }
                writer.member("flag", true)
                writer.member("none", nil as String?)
                writer.member("nothing", nil as [String]?)
            }
            writer.member("c", -7)
            writer.member("d", nil as Int?)
            writer.member("e", [1, 2, 3])
            writer.member("f", [] as [Int])
            writer.member("g", ["{", "}"] as [String]?)
        }
        let value: JSON = [
            "a": "\"é\n", "b": ["empty": [:], "flag": true, "none": nil, "nothing": nil], "c": -7, "d": nil,
            "e": [1, 2, 3], "f": [], "g": ["{", "}"],
        ]
        #expect(text == value.encodedText())
    }
}

@Suite struct `The members of an object` {
    @Test func `are read by name and type`() throws {
        let members = try JSONMembers(
            ["s": "x", "i": 7, "b": true, "a": ["x", "y"], "m": ["x", 1], "o": ["k": 1], "z": nil])
        #expect(try members.string("s") == "x")
        #expect(try members.integer("i") == 7)
        #expect(try members.bool("b"))
        #expect(try members.strings("a") == ["x", "y"])
        #expect(try members.object("o").integer("k") == 1)
        #expect(try members.optionalString("s") == "x")
        for name in ["z", "absent"] {
            #expect(try members.optionalString(name) == nil)
            #expect(try members.optionalInteger(name) == nil)
            #expect(try members.optionalBool(name) == nil)
            #expect(try members.optionalStrings(name) == nil)
        }
        #expect(members.has("z") && !members.has("absent"))
    }

    @Test func `of another type are refused, also where absence is not`() throws {
        let members = try JSONMembers(["s": "x", "i": 7, "m": ["x", 1], "n": .number(7)])
        let reads: [(String, () throws -> Void)] = [
            ("i", { _ = try members.string("i") }), ("s", { _ = try members.integer("s") }),
            ("n", { _ = try members.integer("n") }), ("i", { _ = try members.bool("i") }),
            ("s", { _ = try members.array("s") }), ("m", { _ = try members.strings("m") }),
            ("s", { _ = try members.object("s") }), ("z", { _ = try members.object("z") }),
            ("z", { _ = try members.string("z") }), ("i", { _ = try members.optionalString("i") }),
            ("s", { _ = try members.optionalInteger("s") }), ("i", { _ = try members.optionalBool("i") }),
            ("m", { _ = try members.optionalStrings("m") }),
        ]
        for (name, read) in reads { #expect(throws: JSONError.member(name)) { try read() } }
        #expect(throws: JSONError.notAnObject) { try JSONMembers([1]) }
        #expect(throws: JSONError.notAnObject) { try JSONMembers(parsing: "7".utf8) }
    }
}

/// Values and changed bytes, the same for the same seed (SplitMix64).
private struct Mutation: RandomNumberGenerator {
    private var position: UInt64
    init(seed: UInt64) { position = seed }

    mutating func next() -> UInt64 {
        position &+= 0x9E37_79B9_7F4A_7C15
        var mixed = position
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func text() -> String {
        let pieces = ["a", "\"", "\\", "\n", "\0", "é", "😀", "/", "\u{7F}", "\u{2028}"]
        return (0..<Int.random(in: 0...4, using: &self)).compactMap { _ in pieces.randomElement(using: &self) }.joined()
    }

    mutating func json(depth: Int) -> JSON {
        switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &self) {
        case 0: .null
        case 1: .bool(Bool.random(using: &self))
        case 2: .integer(Int(truncatingIfNeeded: next()))
        case 3: .number(Double(Int32(truncatingIfNeeded: next())) / 3)
        case 4, 5: .string(text())
        case 6: .array((0..<Int.random(in: 0...3, using: &self)).map { _ in json(depth: depth - 1) })
        default:
            .object(
                Dictionary(
                    (0..<Int.random(in: 0...3, using: &self)).map { _ in (text(), json(depth: depth - 1)) },
                    uniquingKeysWith: { first, _ in first }))
        }
    }

    mutating func changed(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...2, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            switch next() % 4 {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(Array("{}[]\",:\\u0eE+-.".utf8).randomElement(using: &self) ?? 0, at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }
}
