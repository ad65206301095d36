package import StrictJSON
package import Wire

/// A whole conversation with the agent that has one answer, however long it is.
extension AgentConversation {
    /// Of all parts of one answer together.
    package static let maximumAnswerBytes = 64 << 20

    /// What the server says to an administrative command or a question.
    package static func answer(_ request: LocalRequest, socket: String) async throws(ClientFailure) -> JSON {
        let (line, parts) = try inLines(request)
        let conversation = try await begin(line, socket: socket)
        defer { conversation.close() }
        for part in parts { try await conversation.send(["part": .string(part)]) }
        var text = ""
        while true {
            switch try await conversation.next(timeout: .seconds(90)).event {
            case .part(let part):
                text += part
                guard text.utf8.count <= maximumAnswerBytes else { throw .unreadable("part") }
            case .result(let members):
                if let answer = members.members["answer"] { return answer }
                guard members.has("parts"), let json = try? JSON(parsing: text.utf8, maximumBytes: maximumAnswerBytes)
                else { throw .unreadable("answer") }
                return json
            case .code, .waiting, .signedIn, .notice: continue
            }
        }
    }

    /// The request, and what of it must follow in lines of its own. A policy file may be too long for one line.
    static func inLines(_ request: LocalRequest) throws(ClientFailure) -> (LocalRequest, parts: [String]) {
        guard let command = request.request else { return (request, []) }
        var rest = command.encodedText().unicodeScalars[...]
        guard rest.count > LocalRequest.partCharacters else { return (request, []) }
        var parts: [String] = []
        while !rest.isEmpty {
            let part = rest.prefix(LocalRequest.partCharacters)
            parts.append(String(part))
            rest = rest[part.endIndex...]
        }
        guard parts.count <= LocalRequest.maximumParts else {
            throw ClientFailure(
                name: LocalErrorName.badRequest.rawValue, message: "The request is larger than 10 MiB.",
                remedy: "A policy may be 4 MiB: write groups and tags instead of people and devices.", status: .usage)
        }
        var short = request
        short.request = nil
        short.requestParts = parts.count
        return (short, parts)
    }
}
