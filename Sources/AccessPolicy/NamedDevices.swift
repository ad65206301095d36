package import Identity

extension Policy {
    /// The devices that rules or the policy's own groups name, as source or destination: whoever has such a name has what
    /// the policy says of it.
    package var namedDevices: Set<HostName> {
        let selectors = rules.lazy.flatMap { $0.sources + $0.destinations }
        var names: Set<HostName> = []
        for selector in selectors { if case .device(let name) = selector { names.insert(name) } }
        for selector in localGroups.definitions.values.joined() {
            if case .device(let name) = selector { names.insert(name) }
        }
        return names
    }
}
