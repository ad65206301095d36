import ArgumentParser
import Audit
import CivilTime
import Cryptography
import Glibc
import ServerConfiguration
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON

/// The evidence: questions to the running server, and proofs over its files.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Who did, tried or was refused what; and proof that nothing of it was changed.",
        subcommands: [List.self, Verify.self, Export.self, Head.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show records, the newest by default; with --follow also those to come.")
        @OptionGroup var control: ControlOptions
        @OptionGroup var filter: AuditFilterOptions
        @Flag(help: "Go on with what comes.") var follow = false

        func run() async throws {
            var request = try filter.request(now: Int(time(nil)))
            var answer = try await control.ask(.object(request))
            show(answer)
            guard follow else { return }
            while true {
                guard let last = answer.objectValue?["last"] else { return }
                request["after"] = last
                request["wait"] = 20
                request["limit"] = nil
                answer = try await control.ask(.object(request))
                show(answer)
            }
        }

        private func show(_ answer: JSON) {
            for record in answer.objectValue?["records"]?.arrayValue ?? [] {
                print(control.json ? record.visibleText() : AuditLine.text(record))
            }
            fflush(nil)
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find every record that was changed, removed, put in or moved. Needs no running server.",
            discussion: """
                Reads the database of the state directory, or an export of JSON lines. Heads that were kept elsewhere \
                (`ztna-server audit head`) prove that the whole was not put back to an earlier state either.
                """)
        @OptionGroup var place: AuditPlace
        @Option(help: ArgumentHelp("A file of JSON lines instead of a database.", valueName: "file"))
        var lines: String?
        @Option(help: ArgumentHelp("A file with a head that was kept elsewhere; may be repeated.", valueName: "file"))
        var head: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let key = try place.controlKey()
            let keys = [key.thumbprint: key]
            let witnesses = try head.map { path in
                try place.text(path, atMost: 65_536).split(whereSeparator: \.isWhitespace).map(String.init)
            }.flatMap { $0 }
            let verification =
                if let lines { try verified(lines: lines, keys, witnesses) } else { try verified(keys, witnesses) }
            let findings = verification.findings
            if json {
                let result: JSON = [
                    "records": .integer(verification.count), "good": .bool(findings.isEmpty),
                    "findings": .array(findings.map { .string($0.description) }),
                ]
                print(result.visibleText())
            } else if findings.isEmpty {
                print("good: \(counted(verification.count, "record")), unchanged and complete")
            } else {
                for finding in findings { print(finding.description) }
                print("\(counted(findings.count, "finding")) in \(counted(verification.count, "record"))")
            }
            if !findings.isEmpty { throw ExitCode.failure }
        }

        private func verified(
            _ keys: [String: Ed25519PublicKey], _ witnesses: [String]
        ) throws -> ChainVerification {
            try place.read { file throws(StoreError) in try file.verify(keys: keys, witnesses: witnesses) }
        }

        /// An export is a part of the chain: it begins where its first line is, and its end is shown by a head, if any.
        private func verified(
            lines path: String, _ keys: [String: Ed25519PublicKey], _ witnesses: [String]
        ) throws -> ChainVerification {
            var verification: ChainVerification?
            try place.forEachLine(path) { line in
                guard let json = try? JSON(parsing: line), let record = try? AuditRecord(json: json) else {
                    throw fail(
                        "\(path): a line is no audit record in the plain format: \(String(decoding: line.prefix(60), as: UTF8.self))"
                    )
                }
                if verification == nil {
                    verification = ChainVerification(from: record, witnesses: witnesses, keys: keys)
                } else {
                    verification?.check(record)
                }
            }
            guard var verification else { throw fail("\(path) holds no records") }
            verification.finish()
            return verification
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print all records as JSON lines, from the database. Needs no running server.")
        @OptionGroup var place: AuditPlace
        @Option(help: "plain or ocsf.") var format = AuditExport.Format.plain.rawValue
        @Option(help: ArgumentHelp("Only records after this one.", valueName: "sequence")) var after = 0
        @Option(help: ArgumentHelp("The server's host name, for OCSF.", valueName: "name")) var server = "ztna"

        func run() throws {
            guard let format = AuditExport.Format(rawValue: format) else { throw fail("--format is plain or ocsf") }
            try place.read { file throws(StoreError) in
                try file.forEachRecord(after: after) { record in
                    let json = try? format == .plain ? record.json() : OCSF.json(record, server: server)
                    if let json {
                        print(json.visibleText())
                    } else {
                        StandardError.write("ztna-server: record \(record.sequence) cannot be read\n")
                    }
                }
            }
        }
    }

    struct Head: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the signed head of the chain, to be kept somewhere else.")
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let answer = try await control.ask(["command": "audit-head"])
            print(control.json ? answer.visibleText() : answer.objectValue?["head"]?.stringValue ?? "")
        }
    }
}

struct AuditFilterOptions: ParsableArguments {
    @Option(help: "admin, sign-in or connection.") var stream: String?
    @Option(help: "Whoever acted or connected: e-mail address, name or id.") var user: String?
    @Option(help: "A device that was involved: host name or address.") var host: String?
    @Option(name: [.long, .customLong("verdict")], help: "success, refused, failure, allow or deny.")
    var outcome: String?
    @Option(help: "The rule that decided.") var rule: String?
    @Option(help: "What happened, such as nodes-tag.") var action: String?
    @Option(help: "Not older than this: 2h, 7d, or seconds since the epoch.") var since: String?
    @Option(help: "Not younger than this.") var until: String?
    @Option(help: "How many, at most 500.") var limit = 50

    func request(now: Int) throws -> [String: JSON] {
        var request: [String: JSON] = ["command": "audit-list", "limit": .integer(limit)]
        let texts = [
            "stream": stream, "user": user, "host": host, "outcome": outcome, "rule": rule, "action": action,
        ]
        for (name, text) in texts { request[name] = text.map { .string($0) } }
        request["since"] = try since.map { .integer(try Self.moment($0, now: now)) }
        request["until"] = try until.map { .integer(try Self.moment($0, now: now)) }
        return request
    }

    private static func moment(_ text: String, now: Int) throws -> Int {
        if let seconds = Int(text) { return seconds }
        guard let duration = DurationText.parse(text) else {
            throw fail("\(text) is no moment: write 2h, 7d, or seconds since the epoch")
        }
        return now - Int(duration.components.seconds)
    }
}

/// Where the evidence lies, and by which key its head is signed.
struct AuditPlace: ParsableArguments {
    @Option(help: ArgumentHelp("The server's configuration file, which names the state directory.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("The server's state directory. (default: /var/lib/ztna)", valueName: "directory"))
    var state: String?
    @Option(help: ArgumentHelp("A copy of the database, instead of the state directory's.", valueName: "file"))
    var database: String?
    @Option(
        // One in 64 begins with a dash.
        name: .customLong("key"), parsing: .unconditional,
        help: ArgumentHelp("The control key's public half, as `audit head --json` prints it.", valueName: "key"))
    var publicKey: String?

    func controlKey() throws -> Ed25519PublicKey {
        if let publicKey {
            guard let bytes = Base64URL.decode(publicKey), let key = try? Ed25519PublicKey(bytes) else {
                throw fail("--key is not a public key: 43 characters of base64url")
            }
            return key
        }
        do {
            let directory = try StateDirectory(path: StateDirectory.named(state, in: config), isMade: false)
            guard var seed = try directory.read("control.key", atMost: 32, isSecret: true), seed.count == 32 else {
                throw StateDirectory.Failure(
                    explanation:
                        "\(directory.path)/control.key is not there, or is none: give the public half that "
                        + "`ztna-server audit head --json` prints, with --key")
            }
            return try Ed25519PrivateKey(taking: &seed).publicKey
        } catch let failure as StateDirectory.Failure { throw fail(failure.explanation) }
    }

    func read<Value>(_ body: (SQLiteAuditFile) throws(StoreError) -> Value) throws -> Value {
        let path = try database ?? StateDirectory.named(state, in: config) + "/ztna.db"
        do throws(StoreError) { return try body(SQLiteAuditFile(path: path)) } catch {
            throw fail("\(path): \(error.explanation)")
        }
    }

    func text(_ path: String, atMost limit: Int) throws -> String {
        switch Files.ofSystem().read(path, limit) {
        case .success(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .failure(let failure): throw fail("\(path): the file \(failure.description)")
        }
    }

    /// Without holding the file: an export may be large.
    func forEachLine(_ path: String, _ body: ([UInt8]) throws -> Void) throws {
        guard let file = fopen(path, "re") else { throw fail("\(path) cannot be opened") }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while case let count = getline(&line, &capacity, file), count > 0, let line {
            let bytes = UnsafeRawBufferPointer(start: line, count: count)
            let text = bytes.last == 0x0A ? Array(bytes.dropLast()) : Array(bytes)
            if !text.isEmpty { try body(text) }
        }
    }
}
