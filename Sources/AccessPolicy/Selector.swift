package import Identity

/// Whom a rule names, by identity and never by address.
///
/// Text: `user:alice@example.com`, `group:dba`, `tag:prod-db`, `device:db-1`, or `*` for every authorized node.
package enum Selector: Hashable, Sendable {
    case user(EmailAddress)
    case group(GroupName)
    case tag(TagName)
    case device(HostName)
    case everyone

    package init(parsing text: String) throws(PolicyError) {
        if text == "*" {
            self = .everyone
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = parts.first, let name = parts.last.map(String.init),
            let selector = Self.named(kind, name)
        else { throw .selector(text) }
        self = selector
    }

    package var text: String {
        switch self {
        case .user(let email): "user:\(email)"
        case .group(let group): "group:\(group)"
        case .tag(let tag): "tag:\(tag)"
        case .device(let host): "device:\(host)"
        case .everyone: "*"
        }
    }

    package func matches(_ principal: Principal) -> Bool {
        switch self {
        case .user(let email): principal.email == email
        case .group(let group): principal.groups.contains(group)
        case .tag(let tag): principal.tags.contains(tag)
        case .device(let host): principal.host == host
        case .everyone: true
        }
    }

    private static func named(_ kind: Substring, _ name: String) -> Selector? {
        switch kind {
        case "user": EmailAddress(name).map(Selector.user)
        case "group": GroupName(name).map(Selector.group)
        case "tag": TagName(name).map(Selector.tag)
        case "device": HostName(name).map(Selector.device)
        default: nil
        }
    }
}
