package import Identity

/// Who has which name in the mesh: each name once, and stable for a device until it wishes another.
///
/// A name that the policy speaks of is reserved: no device gets it by calling itself so, and the one that has it keeps it,
/// whatever it calls itself. Source: Docs/decisions/0017-names-in-the-policy-are-reserved.md.
///
/// A name is claimed when it is chosen, before the record is written, so that two devices that register at once differ.
package struct HostNames: Sendable {
    private var owners: [HostName: DeviceID] = [:]
    /// The first suffix of a label that may be free; forgotten whenever a name is released.
    private var nextSuffix: [HostName: Int] = [:]
    /// Those that the policy speaks of.
    package var reserved: Set<HostName> = [] {
        didSet { if reserved != oldValue { nextSuffix = [:] } }
    }

    package init() {}

    package func owner(of name: HostName) -> DeviceID? { owners[name] }

    /// What a device is called.
    package struct Choice: Hashable, Sendable {
        package var name: HostName
        /// The name that it wishes, which nobody has, and which is reserved.
        package var withheld: HostName?
    }

    /// The name for a device that wishes `wish`: its current one if that came from the same wish or is reserved, else the
    /// nearest label, with "-2", "-3" … where another device has it or it is reserved. `mayTakeReserved`: an administrator's
    /// device. Claims it. Errors: `hostNameRefused`.
    package mutating func choose(
        wish: String, for device: DeviceID, current: (host: HostName, wish: String)?, mayTakeReserved: Bool = false
    ) throws(CoordinatorError) -> Choice {
        let label = try Self.label(for: wish, device: device)
        let isReserved = reserved.contains(label) && !mayTakeReserved
        let withheld = isReserved && owners[label] == nil ? label : nil
        if let current {
            let isSameWish = try Self.label(for: current.wish, device: device) == label
            if isSameWish || reserved.contains(current.host) {
                return Choice(name: current.host, withheld: current.host == label ? nil : withheld)
            }
        }
        let name = try free(label, for: device, mayTakeReserved: mayTakeReserved)
        owners[name] = device
        return Choice(name: name, withheld: withheld)
    }

    /// Whether a device that wishes `wish` and is called otherwise asks for a reserved name that nobody has.
    package func asksForReserved(wish: String, device: DeviceID, current: HostName?) -> Bool {
        guard let label = try? Self.label(for: wish, device: device), label != current else { return false }
        return reserved.contains(label) && owners[label] == nil
    }

    package mutating func claim(_ name: HostName, for device: DeviceID) { owners[name] = device }

    package mutating func release(_ name: HostName, of device: DeviceID) {
        guard owners[name] == device else { return }
        owners[name] = nil
        nextSuffix = [:]
    }

    /// The nearest label to a wish, or one made of the device's thumbprint when nothing of the wish is usable.
    static func label(for wish: String, device: DeviceID) throws(CoordinatorError) -> HostName {
        guard wish.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }) else {
            throw .hostNameRefused
        }
        if let label = HostName(nearest: wish) { return label }
        let letters = device.thumbprint.lowercased().filter { $0.isLetter || $0.isNumber }.prefix(8)
        guard let label = HostName("device-\(letters)") ?? HostName("device") else { throw .hostNameRefused }
        return label
    }

    private mutating func free(
        _ label: HostName, for device: DeviceID, mayTakeReserved: Bool
    ) throws(CoordinatorError) -> HostName {
        if isFree(label, for: device), mayTakeReserved || !reserved.contains(label) { return label }
        // One more than there are names is always free.
        let first = nextSuffix[label] ?? 2
        for number in first...max(first, owners.count + reserved.count + 2) {
            let suffix = "-\(number)"
            guard let name = HostName(label.text.prefix(63 - suffix.utf8.count) + suffix), isFree(name, for: device),
                !reserved.contains(name)
            else { continue }
            nextSuffix[label] = number
            return name
        }
        throw .hostNameRefused
    }

    private func isFree(_ name: HostName, for device: DeviceID) -> Bool {
        owners[name].map { $0 == device } ?? true
    }
}
