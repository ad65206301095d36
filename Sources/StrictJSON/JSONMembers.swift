/// The members of one object, read by name and type; a wrong type is an error even where absence is not.
package struct JSONMembers: Sendable {
    package let members: [String: JSON]

    package init(_ json: JSON) throws(JSONError) {
        guard let members = json.objectValue else { throw .notAnObject }
        self.members = members
    }

    package init(parsing bytes: some Collection<UInt8>, maximumBytes: Int = 1 << 20) throws(JSONError) {
        try self.init(JSON(parsing: bytes, maximumBytes: maximumBytes))
    }

    package func has(_ name: String) -> Bool { members[name] != nil }

    package func string(_ name: String) throws(JSONError) -> String {
        guard let value = members[name]?.stringValue else { throw .member(name) }
        return value
    }

    package func integer(_ name: String) throws(JSONError) -> Int {
        guard let value = members[name]?.integerValue else { throw .member(name) }
        return value
    }

    package func bool(_ name: String) throws(JSONError) -> Bool {
        guard let value = members[name]?.boolValue else { throw .member(name) }
        return value
    }

    package func array(_ name: String) throws(JSONError) -> [JSON] {
        guard let value = members[name]?.arrayValue else { throw .member(name) }
        return value
    }

    package func object(_ name: String) throws(JSONError) -> JSONMembers {
        guard let value = members[name] else { throw .member(name) }
        do { return try JSONMembers(value) } catch { throw .member(name) }
    }

    package func strings(_ name: String) throws(JSONError) -> [String] {
        var result: [String] = []
        for element in try array(name) {
            guard let text = element.stringValue else { throw .member(name) }
            result.append(text)
        }
        return result
    }

    /// Nil when the member is absent or `null`.
    package func optionalString(_ name: String) throws(JSONError) -> String? {
        try isAbsent(name) ? nil : string(name)
    }

    package func optionalInteger(_ name: String) throws(JSONError) -> Int? {
        try isAbsent(name) ? nil : integer(name)
    }

    package func optionalBool(_ name: String) throws(JSONError) -> Bool? {
        try isAbsent(name) ? nil : bool(name)
    }

    package func optionalStrings(_ name: String) throws(JSONError) -> [String]? {
        try isAbsent(name) ? nil : strings(name)
    }

    private func isAbsent(_ name: String) -> Bool {
        switch members[name] {
        case nil, .null?: true
        default: false
        }
    }
}
