import Gateway
import LocalSocket
import StrictJSON
import Wire

/// The administrator's way in when no identity provider can be reached: root or the server's own user, on this machine.
///
/// One request `{"command": …}`, one answer `{"result": …}` or `{"error": words}`.
struct ControlSocket: Sendable {
    /// A request may bring a policy along, as a JSON text.
    static let maximumRequestBytes = 10 << 20

    let administration: Administration

    func answer(_ request: JSON, _ peer: PeerCredentials, _ responder: Responder) async throws {
        let answer: JSON
        do throws(ControlServices.Refusal) {
            let members: JSONMembers
            do { members = try JSONMembers(request) } catch {
                throw ControlServices.Refusal(.invalidRequest, "a request is a JSON object")
            }
            answer = ["result": try await administration.result(of: members, from: .operator(uid: peer.uid))]
        } catch { answer = ["error": .string(error.explanation)] }
        try await responder.send(answer)
    }
}
