import Foundation
import Testing

@Suite struct `The sources` {
    /// What may stop the program, and where it may stand, with the reason.
    private static let traps = [
        "try!", "fatalError(", "precondition(", "preconditionFailure(", "as!", "assertionFailure(",
    ]
    private static let allowedTraps: [String: String] = [
        "Sources/AccessPolicy/PolicyTest.swift": "the names of the test's own constants, never received bytes"
    ]

    @Test func `hold nothing that can stop the program`() throws {
        for file in Tree.swiftSources where Self.allowedTraps[file] == nil {
            for (number, line) in try Tree.lines(file).enumerated() {
                let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
                for trap in Self.traps { #expect(!code.contains(trap), "\(file):\(number + 1): \(trap)") }
            }
        }
    }

    @Test func `name an exception only where there is one`() throws {
        for file in Self.allowedTraps.keys {
            let text = try Tree.text(file)
            #expect(Self.traps.contains { text.contains($0) }, "\(file) has none any more")
        }
    }

    @Test func `are package at most`() throws {
        for file in Tree.swiftSources {
            for (number, line) in try Tree.lines(file).enumerated() {
                let words = line.split(separator: " ").prefix(2)
                let isOpen = words.first == "open" && ["class", "func", "var"].contains(words.last ?? "")
                #expect(words.first != "public" && !isOpen, "\(file):\(number + 1)")
            }
        }
    }

    @Test func `have files of one idea`() throws {
        for file in Tree.swiftSources + Tree.swiftTests {
            let count = try Tree.lines(file).count
            #expect(count <= 400, "\(file) has \(count) lines: look for the second idea inside")
        }
    }

    @Test func `leave nothing for later`() throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "Skele" + "ton"]
        for file in Tree.swiftSources + Tree.swiftTests {
            let text = try Tree.text(file)
            for mark in marks { #expect(!text.contains(mark), "\(file): \(mark)") }
        }
    }

    @Test func `have their tests`() throws {
        let targets = try ManifestTarget.all()
        let tests = Set(targets.filter { $0.kind == .tests }.map(\.name))
        // Walkthrough is a harness itself.
        for module in targets where module.kind == .module && module.name != "Walkthrough" && module.name != "Store" {
            let name = (module.name == "StoreSQLite" ? "Store" : module.name) + "Tests"
            #expect(tests.contains(name), "\(module.name)")
        }
        for name in tests {
            let text = try Tree.files("Tests/\(name)", suffix: ".swift").map(Tree.text).joined()
            #expect(text.contains("@Test"), "\(name) tests nothing")
        }
    }
}
