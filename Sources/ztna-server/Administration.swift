import Coordinator
import Gateway
import Identity
import Logging
import StrictJSON
import Wire

/// Who gives an administrative command.
enum Administrator: Sendable {
    /// Root or the server's own user, on this machine: the way in when no identity provider can be reached.
    case `operator`(uid: UInt32)
    /// Somebody over the network. `isAdministrator`: `admins` in ztna.yaml names them.
    case person(ControlServices.Caller, isAdministrator: Bool)

    /// For the log and the audit.
    var label: String {
        switch self {
        case .operator(let uid): "operator \(uid)"
        case .person(let caller, _): caller.label
        }
    }
}

/// One administrative command: its name, who may give it, and what it does.
struct AdministrationCommand: Sendable {
    enum Reach: Sendable {
        /// Only on this machine: what hands out secrets, reads the server's files, or must work in an emergency, so that
        /// nobody who has an administrator's device can do it from afar.
        case local
        /// Administrators over the network, too.
        case administrators
        /// Anybody who is signed in: the command itself decides what they may do.
        case anybody
    }

    let name: String
    let reach: Reach
    /// Whether it changes something: then it is recorded.
    let changes: Bool
    let run: @Sendable (JSONMembers, Administrator) async throws -> JSON

    init(
        _ name: String, _ reach: Reach, changes: Bool = false,
        run: @escaping @Sendable (JSONMembers, Administrator) async throws -> JSON
    ) {
        self.name = name
        self.reach = reach
        self.changes = changes
        self.run = run
    }
}

/// Why a command was not carried out, in words for whoever gave it.
struct AdministrationFailure: Error {
    let explanation: String
}

/// The one table of administrative commands, for the control socket and for `POST /v1/admin` alike.
struct Administration: Sendable {
    private let commands: [String: AdministrationCommand]
    private let recorder: AdministrationRecorder

    init(_ commands: [AdministrationCommand], recorder: AdministrationRecorder) {
        self.commands = Dictionary(commands.map { ($0.name, $0) }) { first, _ in first }
        self.recorder = recorder
    }

    /// What is left for the wire to say of a refusal is in words.
    func result(of request: JSONMembers, from administrator: Administrator) async throws(ControlServices.Refusal)
        -> JSON
    {
        guard let name = try? request.string("command") else {
            throw ControlServices.Refusal(.invalidRequest, "send {\"command\": name, …}")
        }
        guard let command = commands[name] else {
            throw ControlServices.Refusal(
                .commandRefused,
                "the server knows no command \(name.prefix(40)): are command and server of one version?")
        }
        let result: JSON
        do throws(ControlServices.Refusal) {
            try Self.admit(administrator, to: command)
            result = try await run(command, request, administrator)
        } catch {
            recorder.recordRefusal(command.name, request, administrator, reason: error.explanation)
            throw error
        }
        if command.changes { try await recorder.recordDone(command.name, request, administrator) }
        return result
    }

    private static func admit(
        _ administrator: Administrator, to command: AdministrationCommand
    ) throws(ControlServices.Refusal) {
        switch (administrator, command.reach) {
        case (.operator, _), (.person, .anybody), (.person(_, isAdministrator: true), .administrators): return
        case (.person(_, isAdministrator: true), .local):
            throw ControlServices.Refusal(
                .commandRefused, "\(command.name) is given on the server's own machine only: run ztna-server there")
        case (.person(let caller, isAdministrator: false), _):
            throw ControlServices.Refusal(
                .notAnAdministrator,
                "\(caller.label) is no administrator: `admins` of their identity provider in ztna.yaml names who is")
        }
    }

    private func run(
        _ command: AdministrationCommand, _ request: JSONMembers, _ administrator: Administrator
    ) async throws(ControlServices.Refusal) -> JSON {
        do { return try await command.run(request, administrator) } catch let refusal as ControlServices.Refusal {
            throw refusal
        } catch let failure as AdministrationFailure {
            throw ControlServices.Refusal(.commandRefused, failure.explanation)
        } catch let error as CoordinatorError {
            throw ControlServices.Refusal(.commandRefused, error.explanation)
        } catch let error as JSONError {
            throw ControlServices.Refusal(.invalidRequest, "\(command.name): the request is not usable: \(error)")
        } catch {
            throw ControlServices.Refusal(.serverError, "the server failed: tell its operator")
        }
    }
}
