import Audit
import Auditing
import Cryptography
import Gateway
import HTTPClient
import Logging
import ServerConfiguration
import Store
import StrictJSON
import WebAddresses
import Wire

/// The server's evidence: its log, its exports, and what keeps both going.
struct Evidence: Sendable {
    let log: AuditLog
    private let exports: [Exporting]
    private let logger: Logger

    init(
        _ configuration: ServerConfiguration, in state: StateDirectory, store: any Store, signer: any Signer,
        clock: @escaping @Sendable () -> Int, logger: Logger
    ) throws {
        // Made even where nothing is pseudonymous yet, so that both states can be asked in one way.
        var key = try state.key("audit-pseudonyms", randomness: .system)
        let log = AuditLog(
            store: store, signer: signer, pseudonyms: try Pseudonyms(taking: &key), configuration: configuration.audit,
            clock: clock, logger: logger)
        let server = configuration.url.host
        exports = try configuration.audit.exports.map { export in
            Exporting(export, of: log, to: try Self.delivery(export, server: server), server: server)
        }
        self.log = log
        self.logger = logger
    }

    private static func delivery(_ export: AuditExport, server: String) throws -> any AuditDelivery {
        switch export.target {
        case .file(let path): return FileDelivery(path: path)
        case .syslog(let host, let port, let caFile):
            return SyslogDelivery(host: host, port: port, caFile: caFile, server: server)
        case .webhook(let url, let caFile, let tokenFile):
            let client = try HTTPClient(
                policy: HTTPClientPolicy(addresses: .any, allowPlainHTTPOnLoopback: true, caFile: caFile))
            return WebhookDelivery(
                name: export.name, url: url, client: client, token: { tokenFile.flatMap(Self.token) })
        }
    }

    /// A final line break does not count. Nil when the file cannot be read: then the receiver refuses, and says so.
    private static func token(_ path: String) -> String? {
        guard case .success(let bytes) = Files.ofSystem().read(path, 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Until the task is cancelled; then what has been told is stored.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await log.run() }
            group.addTask { await log.followSessions() }
            group.addTask { await forget() }
            for export in exports { group.addTask { await export.run() } }
        }
    }

    /// What the server told while it stopped.
    func finish() async {
        do { try await log.flush() } catch {
            logger.error("the last audit events are lost", metadata: ["error": "\(error.explanation)"])
        }
    }

    private func forget() async {
        while !Task.isCancelled {
            do { try await log.forget() } catch {
                logger.warning(
                    "old audit records could not be deleted",
                    metadata: ["reason": "\((error as? StoreError)?.explanation ?? "\(error)")"])
            }
            do { try await Task.sleep(for: .seconds(600)) } catch { return }
        }
    }

    /// `POST /v1/attempts`.
    func take(_ body: [UInt8], from caller: ControlServices.Caller) async throws(ControlServices.Refusal) -> JSON {
        do throws(IntakeRefusal) {
            try await log.take(
                body, from: AttemptReporter(person: caller.person, label: caller.label, device: caller.device))
            return ["stored": true]
        } catch {
            switch error {
            case .malformed(let member):
                throw ControlServices.Refusal(.invalidRequest, "the batch is not one: look at \(member.prefix(40))")
            case .tooMany(let bound, let wait):
                throw ControlServices.Refusal(
                    .temporarilyUnavailable, "\(bound.explanation): go on in \(wait) s", retryAfter: wait)
            case .store(let error):
                logger.error("attempts could not be stored", metadata: ["error": "\(error.explanation)"])
                throw ControlServices.Refusal(.temporarilyUnavailable, "the server cannot write its records")
            }
        }
    }

    /// Questions about the evidence.
    var commands: [AdministrationCommand] {
        [
            AdministrationCommand("audit-list", .administrators) { members, _ in
                do throws(AuditQuestionFailure) { return try await log.list(members) } catch {
                    throw AdministrationFailure(explanation: error.explanation)
                }
            },
            AdministrationCommand("audit-head", .administrators) { _, _ in
                do throws(AuditQuestionFailure) { return try await log.head() } catch {
                    throw AdministrationFailure(explanation: error.explanation)
                }
            },
        ]
    }
}
