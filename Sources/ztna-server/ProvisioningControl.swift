import Gateway
import StrictJSON

/// The commands about SCIM and the directory. Those that hand out secrets are given on the server's machine only.
struct ProvisioningControl: Sendable {
    let administration: ProvisioningAdministration

    private static var names: [(name: String, reach: AdministrationCommand.Reach, changes: Bool)] {
        [
            ("scim-url", .administrators, false), ("scim-token-create", .local, true),
            ("scim-token-list", .administrators, false), ("scim-token-rotate", .local, true),
            ("scim-token-revoke", .local, true), ("scim-status-list", .administrators, false),
            ("scim-log-list", .administrators, false), ("scim-confirm", .local, true),
            ("directory-list", .administrators, false), ("directory-show-list", .administrators, false),
        ]
    }

    var commands: [AdministrationCommand] {
        Self.names.map { name, reach, changes in
            AdministrationCommand(name, reach, changes: changes) { members, _ in
                try await result(of: name, members)
            }
        }
    }

    private func result(of command: String, _ members: JSONMembers) async throws -> JSON {
        do {
            let connection = { try members.string("connection") }
            switch command {
            case "scim-url": return try administration.url(of: try connection())
            case "scim-token-create":
                return try await administration.createToken(
                    of: try connection(), called: try members.string("name"),
                    lifetime: try members.optionalInteger("lifetime"),
                    isOAuthClient: try members.optionalBool("oauth_client") ?? false)
            case "scim-token-list": return try await administration.tokens(of: try members.optionalString("connection"))
            case "scim-token-rotate":
                return try await administration.rotateToken(
                    of: try connection(), id: try members.optionalString("token"),
                    overlap: try members.integer("overlap"))
            case "scim-token-revoke":
                return try await administration.revokeToken(of: try connection(), id: try members.string("token"))
            case "scim-status-list":
                return try await administration.status(of: try members.optionalString("connection"))
            case "scim-log-list":
                return try await administration.log(
                    of: try connection(), after: try members.optionalInteger("after"),
                    limit: try members.integer("limit"))
            case "scim-confirm": return try await administration.confirm(hold: try members.string("hold"))
            case "directory-list":
                return try await administration.directoryList(
                    connection: try members.optionalString("connection"), limit: try members.integer("limit"))
            case "directory-show-list": return try await administration.directoryShow(try members.string("name"))
            default: throw AdministrationFailure(explanation: "the server knows no command \(command)")
            }
        } catch let failure as ProvisioningAdministration.Failure {
            throw AdministrationFailure(explanation: failure.explanation)
        }
    }
}
