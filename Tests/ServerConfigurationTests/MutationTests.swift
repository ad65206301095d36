import ServerConfiguration
import Testing

/// SplitMix64, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct `A damaged file` {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `is read or refused, and never traps`(_ seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let secret = Samples.small.replacing("client_secret_file: secret.txt", with: "client_secret: hunter2")
        for _ in 0..<150 {
            for text in [secret, `A policy file`.good] {
                let damaged = damage(Array(text.utf8), &generator)
                let system = files(bytes: ["f": damaged, "policy.yaml": [], "secret.txt": [0x61]], modes: ["f": 0o600])
                for diagnostics in [
                    ServerConfiguration.load(path: "f", files: system, now: 0).diagnostics,
                    PolicyFile.load(path: "f", files: system, now: 0).diagnostics,
                ] {
                    #expect(diagnostics.map(\.position) == diagnostics.map(\.position).sorted())
                    #expect(diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 && !$0.description.isEmpty })
                }
            }
        }
    }

    private func damage(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        let pieces =
            [
                "\"", "'", "{", "}", "[", "]", ":", "- ", "\n", "\t", "*", "&a ", "*a", "? ", "|\n", "#", "%", "!",
                "\u{0}", "é",
                "\r", "---\n", "...\n", "\u{85}", "\u{E001}: ", "name: ", "~", "\\u", ",", "<<: ",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            let length = min(Int.random(in: 0...6, using: &generator), bytes.count - place)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes.removeSubrange(place..<(place + length))
            case 1: bytes.insert(contentsOf: bytes[place..<(place + length)], at: place)
            case 2:
                let other = Int.random(in: 0...bytes.count, using: &generator)
                bytes.insert(contentsOf: bytes[min(place, other)..<max(place, other)], at: place)
            default:
                bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: place)
            }
        }
        return bytes
    }
}
