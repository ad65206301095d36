import Foundation
import Testing

@Suite struct `The repository` {
    @Test func `has exactly the agreed entries at its top`() throws {
        let entries = try FileManager.default.contentsOfDirectory(atPath: Tree.root.path)
        // SwiftPM writes Package.resolved; git ignores it.
        let visible = Set(entries.filter { !$0.hasPrefix(".") }).subtracting(["Package.resolved"])
        #expect(visible == ["Package.swift", "Sources", "Tests", "IdPFixtures", "Docs", "README.md"])
    }

    @Test func `ignores what is made here`() throws {
        let ignored = Set(try Tree.lines(".gitignore").map(String.init))
        #expect(ignored.isSuperset(of: ["Package.resolved", ".build/", "/.artefacts/", ".venv/"]))
    }

    /// Nothing may depend on the machine it was written on, or on where packages come from there.
    @Test func `names no machine and no package registry`() throws {
        let forbidden = [
            "/wo" + "rk/", "/tmp/pl" + "an", "/ro" + "ot/", "/ho" + "me/", "py" + "pi.org", "pythonho" + "sted",
            "deb.deb" + "ian.org", "index-" + "url", "npm" + "js.", "crat" + "es.io",
        ]
        for file in Tree.texts {
            guard let text = try? Tree.text(file) else { continue }
            for word in forbidden { #expect(!text.contains(word), "\(file): \(word)") }
        }
    }

    /// Fixtures are signed with keys that anyone may have: they lie where only fixtures are.
    @Test func `keeps no secrets but the keys of fixtures`() throws {
        for file in Tree.texts {
            let isFixture = file.hasPrefix("IdPFixtures/") || file.contains("Tests/Fixtures/")
            if isFixture, file.hasSuffix(".key.pem") { continue }
            guard let text = try? Tree.text(file) else { continue }
            let mark = "PRIVATE" + " KEY-----"
            #expect(!text.contains("-----BEGIN \(mark)") && !text.contains("-----BEGIN RSA \(mark)"), "\(file)")
        }
    }
}

@Suite struct `Continuous integration` {
    @Test func `runs the README's commands`() throws {
        let readme = try Tree.text("README.md")
        let run = try Tree.lines(".ci/run").map { $0.trimmingCharacters(in: .whitespaces) }
        let commands = readme.split(separator: "\n").filter { $0.hasPrefix("    .ci/") }.map { $0.dropFirst(4) }
        #expect(commands.count == 2, "one for the demo, one for the tests")
        let test = try #require(commands.last).split(separator: " && ").map(String.init)
        #expect(test == [".ci/install", ".ci/test"])
        for part in test { #expect(run.contains(part), ".ci/run lacks `\(part)`") }
        // Its output ends with the runner's summary.
        #expect(run.last { !$0.isEmpty } == ".ci/test")
        let lines = try Tree.lines(".ci/test").filter { !$0.isEmpty }.suffix(2)
        #expect(lines == ["swift test --disable-xctest 2>&1 | tee \"$log\"", ".ci/skips \"$log\""])
    }

    /// Here ">" stands for the runner's mark, which a test's own arguments would bring into its log.
    @Test(arguments: [
        ("✔ Test \"keeps what it can use and says what it skipped\" passed.\n✔ Test run with 1 test passed.\n", 0),
        ("◇ Suite Chromium started.\n> Suite Chromium skipped: \"no chromium\"\n✔ Test run with 0 tests passed.\n", 1),
        ("> Test \"signs in\" skipped.\n", 1), ("", 0),
    ])
    func `fails as root when a test was skipped`(_ log: String, _ status: Int32) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "ztna-skips-\(UUID().uuidString)")
        try log.replacing(">", with: "➜").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = Tree.root.appending(path: ".ci/skips")
        process.arguments = [file.path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == status)
    }

    @Test(arguments: [
        ".ci/run", ".ci/install", ".ci/test", ".ci/skips", "IdPFixtures/install", "Tests/Fuzzing/run",
        "Tests/SuspendResume/run",
    ])
    func `has executable programs`(_ path: String) {
        #expect(FileManager.default.isExecutableFile(atPath: Tree.root.appending(path: path).path))
    }

    @Test func `has a machine that sleeps, and says what it lacks`() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-B", Tree.root.appending(path: "Tests/SuspendResume/run").path]
        process.environment = ["PATH": "/nowhere"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 77)
        #expect(text.hasPrefix("skipped: no qemu-system-x86_64: apt-get install"), "\(text)")
    }

    @Test func `installs from one list`() throws {
        let packages = try Tree.lines(".ci/packages").filter { !$0.isEmpty }
        #expect(packages == packages.sorted())
        #expect(Set(packages).count == packages.count)
        #expect(try Tree.text(".ci/install").contains("/packages"))
        for file in [".ci/run", "README.md"] { #expect(!(try Tree.text(file).contains("apt-get install")), "\(file)") }
    }
}

@Suite struct `The documents` {
    @Test func `have no dead links`() throws {
        for file in ["README.md"] + Tree.files("Docs", suffix: ".md") + Tree.files("IdPFixtures", suffix: ".md") {
            let folder = Tree.root.appending(path: file).deletingLastPathComponent()
            for match in try Tree.text(file).matches(of: /\]\(([^)#:\s]+)(?:#[^)]*)?\)/) {
                let target = folder.appending(path: String(match.output.1)).path
                #expect(FileManager.default.fileExists(atPath: target), "\(file): \(match.output.1)")
            }
        }
    }

    /// A path in backticks is a promise too.
    @Test func `name files that exist`() throws {
        for file in ["README.md"] + Tree.files("Docs", suffix: ".md") {
            for match in try Tree.text(file).matches(
                of: /`((?:Sources|Tests|Docs|IdPFixtures|\.ci)\/[A-Za-z0-9_.\/+-]*)`/)
            {
                let target = Tree.root.appending(path: String(match.output.1)).path
                #expect(FileManager.default.fileExists(atPath: target), "\(file): \(match.output.1)")
            }
        }
    }

    @Test func `give a reason for every dependency`() throws {
        let reasons = try Tree.text("Docs/Dependencies.md")
        let packages = try Tree.text("Package.swift").matches(of: /url: "[^"]*\/([^\/"]*?)(?:\.git)?"/).map(\.output.1)
        #expect(packages.count > 5)
        let libraries = try Tree.text("Package.swift").matches(of: /systemLibrary\(name: "[^"]*", pkgConfig: "([^"]*)"/)
            .map(\.output.1)
        let debian = try Tree.lines(".ci/packages").filter { !$0.isEmpty }
        for name in packages + libraries + debian { #expect(reasons.contains("`\(name)`"), "\(name)") }
    }

    @Test func `number their decisions without gaps`() throws {
        let files = Tree.files("Docs/decisions", suffix: ".md").map { $0.dropFirst("Docs/decisions/".count) }
        for (index, file) in files.enumerated() {
            #expect(Int(file.prefix(4)) == index + 1, "\(file)")
            let text = try Tree.text("Docs/decisions/\(file)")
            for part in ["## What", "## Why", "## Details", "## Security", "## Alternatives"] {
                #expect(text.contains(part), "\(file) lacks \(part)")
            }
        }
        #expect(!files.isEmpty)
    }
}
