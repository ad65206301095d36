internal import Identity
package import StrictJSON
internal import Wire

/// What the agent asks the server, or hands to it, in the name of its session.
extension ControlLink {
    /// An access matrix of a large organisation, and some.
    private static var maximumAnswerBytes: Int { 64 << 20 }

    /// Whether this device may reach a host, and why. Errors: `LocalFailure`.
    package func why(host: String, service: String?) async throws -> JSON {
        var members: [String: JSON] = ["host": .string(host)]
        if let service { members["service"] = .string(service) }
        return try await asked("/v1/why", JSON.object(members).encoded())
    }

    /// An administrative command, in the person's name. Errors: `LocalFailure`.
    package func administer(_ request: JSON) async throws -> JSON {
        let answer = try await asked("/v1/admin", request.encoded())
        guard let result = answer.objectValue?["result"] else {
            throw LocalFailure(ControlError.malformed("result"))
        }
        return result
    }

    /// Hands in recorded connection attempts; the answer is the server's. Errors: `ControlError`, `StateError`,
    /// `CancellationError`.
    package func handIn(attempts body: [UInt8]) async throws -> [UInt8] { try await post("/v1/attempts", body) }

    private func asked(_ path: String, _ body: [UInt8]) async throws -> JSON {
        do {
            let answer = try await post(path, body, maximumResponseBytes: Self.maximumAnswerBytes)
            do { return try JSON(parsing: answer, maximumBytes: Self.maximumAnswerBytes) } catch {
                throw ControlError.malformed("answer")
            }
        } catch let error as ControlError { throw LocalFailure(error) } catch let error as StateError {
            throw LocalFailure(error)
        }
    }

    /// With the session as it is now: whoever refreshes at the same time does it under the same name.
    private func post(_ path: String, _ body: [UInt8], maximumResponseBytes: Int = 1 << 20) async throws -> [UInt8] {
        guard let session = state.session else { throw ControlError.signedOut }
        let client = client(for: session.server)
        let token = try await accessToken(client, of: session)
        do throws(ControlError) {
            return try await client.ask(path, body, accessToken: token, maximumResponseBytes: maximumResponseBytes)
        } catch {
            if case .refused(_, "invalid_token", _, _) = error, access?.token == token { access = nil }
            throw error
        }
    }
}
