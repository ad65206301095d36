import Foundation
import SCIM
import StrictJSON
import Testing

/// What clients of seven vendors send, answered as they need it; `IdPFixtures/scim/replay.py` plays the same over HTTP.
@Suite struct `What provisioning clients send` {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../IdPFixtures")

    static let vendors = ["authentik", "entra", "google", "jumpcloud", "keycloak", "okta", "onelogin"]

    @Test(arguments: vendors)
    func `is answered as documented`(vendor: String) throws {
        let folder = Self.root.appending(path: "\(vendor)/scim")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        #expect(!files.isEmpty)
        for file in files.sorted() {
            let fixture = try JSON(parsing: Array(Data(contentsOf: folder.appending(path: file))))
            #expect(fixture.objectValue?["source"]?.stringValue?.hasPrefix("rebuilt from public documentation") == true)
            try replay(try #require(fixture.objectValue?["steps"]?.arrayValue), "\(vendor)/\(file)")
        }
    }

    private func replay(_ steps: [JSON], _ label: String) throws {
        var server = Server()
        var names: [String: String] = [:]
        for (number, step) in steps.enumerated() {
            let members = step.objectValue ?? [:]
            let request = filled(members["request"] ?? .null, names).objectValue ?? [:]
            let expected = filled(members["response"] ?? .null, names).objectValue ?? [:]
            let query = (request["query"]?.objectValue ?? [:]).compactMap { name, value in
                value.stringValue.map { (name: name, value: $0) }
            }
            let answer = try server.send(
                SCIMRequest(
                    method: try #require(request["method"]?.stringValue),
                    path: try #require(request["path"]?.stringValue).split(separator: "/").map(String.init),
                    query: query, contentType: "application/scim+json", body: request["body"]?.encoded() ?? []))
            let body = JSON.object(answer.body)
            let place: Comment = "\(label), step \(number + 1): \(body.encodedText())"
            #expect(answer.status == expected["status"]?.integerValue, place)
            if let contained = expected["contains"] { #expect(contains(body, contained), place) }
            for name in expected["lacks"]?.arrayValue ?? [] {
                #expect(answer.body[name.stringValue ?? ""] == nil, place)
            }
            for (name, count) in expected["counts"]?.objectValue ?? [:] {
                #expect(answer.count(name) == count.integerValue, place)
            }
            for (name, value) in expected["headers"]?.objectValue ?? [:] {
                #expect(answer.headers[name] == value.stringValue, place)
            }
            for (name, member) in expected["save"]?.objectValue ?? [:] {
                names[name] = try #require(answer.body[member.stringValue ?? ""]?.stringValue, place)
            }
        }
    }

    private func filled(_ json: JSON, _ names: [String: String]) -> JSON {
        switch json {
        case .string(let text):
            .string(names.reduce(text) { $0.replacingOccurrences(of: "${\($1.key)}", with: $1.value) })
        case .array(let elements): .array(elements.map { filled($0, names) })
        case .object(let members): .object(members.mapValues { filled($0, names) })
        default: json
        }
    }

    private func contains(_ actual: JSON, _ expected: JSON) -> Bool {
        switch (actual, expected) {
        case (.object(let actual), .object(let expected)):
            expected.allSatisfy { name, value in actual[name].map { contains($0, value) } ?? false }
        case (.array(let actual), .array(let expected)):
            expected.allSatisfy { wanted in actual.contains { contains($0, wanted) } }
        default: actual == expected
        }
    }
}
