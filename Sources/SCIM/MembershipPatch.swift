import StrictJSON

/// What operations on `members` mean, without the list of members. Source: RFC 7644 §3.5.2.1–3.
extension ResourceEditor {
    mutating func changeMembers(
        _ operation: PatchDocument.Operation, sub: AttributeDefinition?, value: JSON?
    ) throws(SCIMError) {
        if let sub, sub.name != "value" { throw SCIMError(.mutability, "members.\(sub.name) cannot be changed") }
        switch (operation, value) {
        // RFC 7644 §3.5.2.2: without a filter all values go. With a list, those in the list: Entra ID.
        case (.remove, nil), (.remove, .null?): change(.removeAll)
        case (.remove, let value?):
            guard reader.leniency.removalByValue else { throw SCIMError(.invalidSyntax, "remove takes no value") }
            reader.note("members: remove with a value removes those members only")
            change(.remove(try memberIDs(value)))
        case (.add, let value?): change(.add(try memberIDs(value)))
        case (.replace, let value?): change(.replace(try memberIDs(value)))
        case (_, nil): throw SCIMError(.invalidValue, "members lacks a value")
        }
    }

    mutating func changeMembers(
        _ operation: PatchDocument.Operation, where filter: Filter, sub: AttributeDefinition?, value: JSON?
    ) throws(SCIMError) {
        if let sub, sub.name != "value" || operation != .remove {
            throw SCIMError(.mutability, "members.\(sub.name) cannot be changed, only members added and removed")
        }
        let wanted = Self.equalIDs(filter)
        switch operation {
        case .remove: change(wanted.map { .remove($0) } ?? .removeWhere(filter))
        case .add, .replace:
            guard reader.leniency.createsUnmatchedElement, let wanted else {
                throw SCIMError(.noTarget, "members are added without a filter")
            }
            reader.note("members: \(operation.rawValue) with a filter")
            if operation == .replace, let value {
                change(.remove(wanted))
                change(.add(try memberIDs(value)))
            } else {
                change(.add(wanted))
            }
        }
    }

    /// The ids of `value eq "a" or value eq "b"`; nil for any other filter.
    private static func equalIDs(_ filter: Filter) -> [String]? {
        switch filter {
        case .compare(let path, .equal, .text(let id, _)) where path.subAttribute?.name == "value": return [id]
        case .any(let parts):
            var ids: [String] = []
            for part in parts {
                guard let more = equalIDs(part) else { return nil }
                ids += more
            }
            return ids
        default: return nil
        }
    }

    /// Each id once, in the order given. Source: RFC 7643 §4.2.
    private mutating func memberIDs(_ value: JSON) throws(SCIMError) -> [String] {
        let elements: [JSON]
        switch value {
        case .null: return []
        case .array(let list): elements = list
        default:
            guard reader.leniency.simpleForComplex else { throw SCIMError(.invalidValue, "members is a list") }
            reader.note("members: one value in place of a list")
            elements = [value]
        }
        var ids: [String] = []
        var seen: Set<String> = []
        for element in elements {
            let id = try memberID(element)
            if seen.insert(id).inserted { ids.append(id) }
        }
        return ids
    }

    private mutating func memberID(_ element: JSON) throws(SCIMError) -> String {
        if let id = element.stringValue, reader.leniency.simpleForComplex {
            reader.note("members: ids in place of objects")
            return id
        }
        guard let object = element.objectValue else {
            throw SCIMError(.invalidValue, "a member is an object with a value")
        }
        let fields = try Message.folded(object)
        if let id = fields["value"]?.stringValue, !id.isEmpty { return id }
        if reader.leniency.simpleForComplex, let address = fields["$ref"]?.stringValue,
            let last = address.split(separator: "/").last
        {
            reader.note("members: addresses in place of ids")
            return String(last)
        }
        throw SCIMError(.invalidValue, "a member lacks its value, the user's id")
    }
}
