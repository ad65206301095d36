package import Cryptography
internal import StrictJSON

/// The agent's records on disk, each read strictly once and written whole.
package struct AgentState: Sendable {
    package let directory: StateDirectory
    package private(set) var settings: AgentSettings
    package private(set) var session: SessionRecord?
    package private(set) var controlKeys: PinnedControlKeys
    package var accepted: AcceptedTimesFile

    /// What is wrong with `accepted.json` is not an error, but its `fault`. Errors: as `StateDirectory`, and `corrupted`.
    package init(in directory: StateDirectory, randomness: Randomness) throws(StateError) {
        self.directory = directory
        accepted = AcceptedTimesFile(in: directory)
        controlKeys =
            try Self.read(PinnedControlKeys.fileName, in: directory, PinnedControlKeys.init) ?? PinnedControlKeys()
        session = try Self.read(SessionRecord.fileName, in: directory, SessionRecord.init)
        if let known = try Self.read(AgentSettings.fileName, in: directory, AgentSettings.init) {
            settings = known
        } else {
            settings = AgentSettings(choosingPortFrom: randomness)
            try directory.write(settings.json.encoded(), to: AgentSettings.fileName)
        }
    }

    package mutating func setSettings(_ new: AgentSettings) throws(StateError) {
        guard new != settings else { return }
        try directory.write(new.json.encoded(), to: AgentSettings.fileName)
        settings = new
    }

    package mutating func setSession(_ new: SessionRecord?) throws(StateError) {
        if let new {
            var bytes = new.json.encoded()
            defer { wipe(&bytes) }
            try directory.write(bytes, to: SessionRecord.fileName)
            session = new
        } else {
            // Over is over, even where the file cannot be removed.
            session = nil
            try directory.remove(SessionRecord.fileName)
        }
    }

    package mutating func pin(_ keys: [Ed25519PublicKey], of server: ServerURL) throws(StateError) {
        var new = controlKeys
        new.pin(keys, of: server)
        try directory.write(new.json.encoded(), to: PinnedControlKeys.fileName)
        controlKeys = new
    }

    private static func read<Record>(
        _ name: String, in directory: StateDirectory, _ parse: (JSONMembers) throws -> Record
    ) throws(StateError) -> Record? {
        guard let bytes = try directory.read(name) else { return nil }
        do { return try parse(JSONMembers(parsing: bytes)) } catch JSONError.member(let member) {
            throw .corrupted(path: directory.location(of: name), member: member)
        } catch { throw .corrupted(path: directory.location(of: name), member: "JSON") }
    }
}
