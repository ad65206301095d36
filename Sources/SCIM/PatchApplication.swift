import StrictJSON

/// PATCH operations on a resource; nothing is kept if one of them fails. Source: RFC 7644 §3.5.2.
extension ResourceEditor {
    mutating func apply(_ document: PatchDocument) throws(SCIMError) {
        for note in document.notes { reader.note(note) }
        for step in document.steps { try apply(step) }
    }

    private mutating func apply(_ step: PatchDocument.Step) throws(SCIMError) {
        switch step.path {
        case nil: try applyWithoutPath(step, into: nil)
        case .schema(nil)?: try applyWithoutPath(step, into: type.schema.id)
        case .schema(let id?)?:
            if step.operation == .remove, step.value == nil { return removeExtension(id) }
            try applyWithoutPath(step, into: id)
        case .attribute(let path)?: try apply(step.operation, at: path, value: step.value)
        case .elements(let path, let filter, let sub)?: try apply(step, to: path, filter, sub)
        case .unknown(let name)?: try refuseUnknown(name)
        }
    }

    private mutating func applyWithoutPath(
        _ step: PatchDocument.Step, into extensionID: String?
    ) throws(SCIMError) {
        // RFC 7644 §3.5.2.2: a remove without path fails with noTarget.
        guard step.operation != .remove else { throw SCIMError(.noTarget, "remove needs a path") }
        guard let members = step.value?.objectValue else {
            throw SCIMError(.invalidValue, "\(step.operation.rawValue) without a path needs an object as its value")
        }
        try merge(members, by: step.operation, isWhole: false, into: extensionID)
    }

    private mutating func apply(
        _ step: PatchDocument.Step, to path: AttributePath, _ filter: Filter, _ sub: AttributeDefinition?
    ) throws(SCIMError) {
        if type == .group, path.attribute.name == "members" {
            return try changeMembers(step.operation, where: filter, sub: sub, value: step.value)
        }
        if path.attribute.mutability == .readOnly || sub?.mutability == .readOnly {
            return try apply(step.operation, at: path, value: step.value)
        }
        let isList = path.attribute.isMultiValued
        let current = path.value(in: attributes)
        var elements = isList ? current?.arrayValue ?? [] : current.map { [$0] } ?? []
        let matched = elements.indices.filter { filter.matches(element: elements[$0]) }
        switch step.operation {
        case .remove:
            if let sub {
                for index in matched { elements[index] = Self.set(sub, nil, in: elements[index]) }
            } else {
                elements = elements.indices.filter { !matched.contains($0) }.map { elements[$0] }
            }
        case .add, .replace:
            guard let value = step.value else { throw SCIMError(.invalidValue, "\(path.text) lacks a value") }
            var targets = matched
            if targets.isEmpty {
                elements.append(try newElement(for: step.operation, path, filter))
                targets = [elements.count - 1]
            }
            for index in targets {
                elements[index] = try written(value, to: elements[index], path.attribute, sub, step.operation)
            }
            if let primary = targets.last(where: { elements[$0].objectValue?["primary"] == true }) {
                elements = PrimaryValue.keep(at: primary, in: elements)
            }
        }
        if isList { try store(path, elements: elements) } else { store(path, elements.first) }
    }

    /// What a filter of equalities describes: `type eq "work"` makes `{"type": "work"}`.
    private mutating func newElement(
        for operation: PatchDocument.Operation, _ path: AttributePath, _ filter: Filter
    ) throws(SCIMError) -> JSON {
        guard reader.leniency.createsUnmatchedElement, let seeds = Self.seeds(filter) else {
            // RFC 7644 §3.5.2.3: no match SHALL fail with 400 and noTarget.
            throw SCIMError(.noTarget, "no value of \(path.text) fulfils the filter")
        }
        reader.note("\(path.text): \(operation.rawValue) on a filter without match makes the value")
        return .object(seeds)
    }

    static func seeds(_ filter: Filter) -> [String: JSON]? {
        switch filter {
        case .compare(let path, .equal, let operand):
            guard let sub = path.subAttribute else { return nil }
            switch operand {
            case .text(_, let written): return [sub.name: .string(written)]
            case .bool(let value): return [sub.name: .bool(value)]
            default: return nil
            }
        case .all(let parts):
            var seeds: [String: JSON] = [:]
            for part in parts {
                guard let more = Self.seeds(part) else { return nil }
                seeds.merge(more) { first, _ in first }
            }
            return seeds
        default: return nil
        }
    }

    private mutating func written(
        _ value: JSON, to element: JSON, _ attribute: AttributeDefinition, _ sub: AttributeDefinition?,
        _ operation: PatchDocument.Operation
    ) throws(SCIMError) -> JSON {
        if let sub { return Self.set(sub, try reader.read(value, as: sub), in: element) }
        var value = value
        if let list = value.arrayValue, list.count == 1, reader.leniency.simpleForComplex { value = list[0] }
        guard let members = try reader.readOne(value, as: attribute)?.objectValue else {
            throw SCIMError(.invalidValue, "\(attribute.name) with a filter needs an object as its value")
        }
        // RFC 7644 §3.5.2.3 replaces the whole element; clients mean the parts that they send.
        if operation == .replace, !reader.leniency.createsUnmatchedElement { return .object(members) }
        return .object((element.objectValue ?? [:]).merging(members) { _, new in new })
    }
}
