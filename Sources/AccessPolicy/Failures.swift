package import Identity

/// What makes a text or a signed document not a policy; each case carries what was found.
package enum PolicyError: Error, Hashable, Sendable {
    case ruleName(String)
    case selector(String)
    case service(String)
    /// A rule's JSON lacks this member, or it has another type, is empty or is too long.
    case member(String)
    /// A rule's JSON holds a member this version does not know; ignoring it could widen the rule.
    case unknownMember(String)
    case postureCheck(String)
    /// Local groups that are made of each other, in order; the last is the first again.
    case groupCycle([GroupName])
    /// A test names more than one person or more than one device on one side.
    case ambiguousTest(Selector)
}

extension PolicyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ruleName(let text): "\"\(text)\" is not a rule name: 1 to 64 of a-z, 0-9 and \"-\""
        case .selector(let text): "\"\(text)\" is not user:ADDRESS, group:NAME, tag:NAME, device:NAME or *"
        case .service(let text): "\"\(text)\" is not tcp/PORT, tcp/FIRST-LAST, udp/PORT, tcp, udp, icmp or any"
        case .member(let name): "the rule's \"\(name)\" is absent or of another type"
        case .unknownMember(let name): "the rule has an unknown member \"\(name)\""
        case .postureCheck(let text): "\"\(text)\" is not the name of a check: 1 to 64 of a-z, 0-9 and \"-\""
        case .groupCycle(let groups):
            "the groups \(groups.map(\.text).joined(separator: " -> ")) are made of each other"
        case .ambiguousTest(let selector): "\(selector.text) is a second person or device on one side of a test"
        }
    }
}
