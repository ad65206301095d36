import StrictJSON

/// What a resource is sorted by; resources without one come last in ascending order. Source: RFC 7644 §3.4.2.3.
enum SortKey: Comparable {
    case bool(Bool)
    case number(Double)
    case moment(Timestamp)
    case text(String)
    case missing

    /// The primary value of a multi-valued attribute, or else its first.
    init(_ path: AttributePath, in resource: [String: JSON]) {
        guard let attribute = path.compared, var value = path.value(in: resource) else {
            self = .missing
            return
        }
        if let elements = value.arrayValue {
            guard let chosen = elements.first(where: { $0.objectValue?["primary"] == true }) ?? elements.first else {
                self = .missing
                return
            }
            value = chosen
        }
        if let members = value.objectValue { value = members[attribute.name] ?? nil }
        self =
            switch value {
            case .bool(let value): .bool(value)
            case .integer, .number: value.numberValue.map { .number($0) } ?? .missing
            case .string(let text):
                if attribute.type == .dateTime, let moment = Timestamp(parsing: text) {
                    .moment(moment)
                } else {
                    .text(attribute.isCaseExact ? text : SCIMText.folded(text))
                }
            default: .missing
            }
    }

    static func < (left: SortKey, right: SortKey) -> Bool {
        switch (left, right) {
        case (.bool(let left), .bool(let right)): !left && right
        case (.number(let left), .number(let right)): left < right
        case (.moment(let left), .moment(let right)): left < right
        case (.text(let left), .text(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        default: left.rank < right.rank
        }
    }

    private var rank: Int {
        switch self {
        case .bool: 0
        case .number: 1
        case .moment: 2
        case .text: 3
        case .missing: 4
        }
    }
}
