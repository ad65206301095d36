import AccessPolicy
import CivilTime
import Identity

/// What a good policy still should be looked at for.
extension PolicyReader {
    /// So many names of one kind are listed.
    private static var listed: Int { 20 }

    mutating func warn(of policy: Policy, known: KnownNames?) {
        warnOfRulesThatNeverHold(policy)
        warnOfLookAlikes(policy, known)
        guard let known else { return }
        warnOfUnknown(policy, known)
        warnOfDevices(known)
        for (name, position) in groupPositions.sorted(by: { $0.value < $1.value }) where known.groups.contains(name) {
            report.warning(
                at: position,
                "the group \"\(name)\" is also one of the identity provider; in this policy only the definition here "
                    + "counts, and the members there are not in it")
        }
    }

    private mutating func warnOfRulesThatNeverHold(_ policy: Policy) {
        for rule in policy.rules {
            guard let until = rule.conditions.until, let position = ruleNames[rule.name] else { continue }
            guard until > now else {
                report.warning(
                    at: position,
                    "\(rule.name) ended at \(ConditionFailure.utc(until)) and allows nothing any more: remove it, or give "
                        + "it a later until")
                continue
            }
            guard let hours = rule.conditions.hours, let zone = policy.zones[hours.zone],
                !hours.isOpen(at: now, in: zone), until <= zone.end
            else { continue }
            if hours.nextChange(after: now, in: zone).map({ $0 >= until }) ?? true {
                report.warning(
                    at: position,
                    "\(rule.name) never holds: its hours do not open again before it ends at "
                        + ConditionFailure.utc(until))
            }
        }
    }

    private mutating func warnOfUnknown(_ policy: Policy, _ known: KnownNames) {
        var people: [(String, Position)] = []
        var groups: [(String, Position)] = []
        for (selector, position) in mentions.sorted(by: { $0.value < $1.value }) {
            switch selector {
            case .user(let address) where !known.people.contains(address): people.append((address.text, position))
            case .group(let name) where !known.groups.contains(name) && groupPositions[name] == nil:
                groups.append((name.text, position))
            default: break
            }
        }
        if let first = people.first {
            report.warning(
                at: first.1,
                "nobody with this address has signed in or been provisioned yet: \(Self.list(people.map(\.0)))")
        }
        if let first = groups.first {
            let names = known.groups.map(\.text) + groupPositions.keys.map(\.text)
            let near = groups.count == 1 ? NearestWord.of(first.0, among: names.filter { $0 != first.0 }) : nil
            report.warning(
                at: first.1,
                "no identity provider tells of anybody in this group: \(Self.list(groups.map(\.0)))"
                    + (near.map { "; did you mean \"\($0)\"?" } ?? ""))
        }
    }

    /// Whoever has a name that a policy begins to speak of has it for good: somebody should look who that is.
    private mutating func warnOfDevices(_ known: KnownNames) {
        var absent: [(String, Position)] = []
        for (selector, position) in mentions.sorted(by: { $0.value < $1.value }) {
            guard case .device(let name) = selector else { continue }
            guard let person = known.devices[name] else {
                absent.append((name.text, position))
                continue
            }
            guard !known.namedBefore.contains(name) else { continue }
            report.warning(
                at: position,
                "device:\(name) is now a device of \(LookAlikes.spelled(person)), which anybody may have named so: look "
                    + "whether it is the one that you mean (`ztna-server nodes`), and else rename it")
        }
        if let first = absent.first {
            report.warning(
                at: first.1,
                "no device is called so yet, and none but an administrator's can call itself so; name it by "
                    + "`ztna-server nodes rename` when it is there: \(Self.list(absent.map(\.0)))")
        }
    }

    /// Names come from outside too, so a name that looks like another is somebody's way into a group.
    private mutating func warnOfLookAlikes(_ policy: Policy, _ known: KnownNames?) {
        var names: [(text: String, position: Position)] = groupPositions.map { ($0.key.text, $0.value) }
        for (selector, position) in mentions {
            switch selector {
            case .user(let address): names.append((address.text, position))
            case .group(let name) where groupPositions[name] == nil: names.append((name.text, position))
            default: break
            }
        }
        names.sort { $0.position < $1.position }
        var seen: [String: String] = [:]
        for name in known.map({ $0.groups.map(\.text) + $0.people.map(\.text) }) ?? [] {
            seen[LookAlikes.skeleton(of: name)] = name
        }
        for (name, position) in names {
            if let oddity = LookAlikes.oddity(of: name) {
                report.warning(at: position, "\(LookAlikes.spelled(name)) \(oddity)")
            }
            let other = seen.updateValue(name, forKey: LookAlikes.skeleton(of: name))
            if let other, !other.utf8.elementsEqual(name.utf8) {
                report.warning(
                    at: position,
                    "\(LookAlikes.spelled(name)) looks like \(LookAlikes.spelled(other)), and is another name")
            }
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(listed).joined(separator: ", ")
        return names.count > listed ? "\(shown) and \(names.count - listed) more" : shown
    }
}
