import Glibc

/// Four network namespaces: the hub, with server, provider and a bridge, and one for each device, on that bridge.
///
///     alice 192.0.2.11 ─┐
///     bob   192.0.2.12 ─┼─ hub: bridge `lan`, 192.0.2.1 (server), 192.0.2.2 (provider)
///     carol 192.0.2.13 ─┘
///
/// Nothing of it is in the machine's own namespace. The addresses are those of documentation (RFC 5737).
struct Network: Sendable {
    static let namePrefix = "ztna-"
    static let interfacePrefix = "zd"
    static let engineSockets = "/var/run/wireguard"
    static let bridge = "lan"
    static let serverAddress = "192.0.2.1"
    static let providerAddress = "192.0.2.2"
    /// 192.0.2.8 to 192.0.2.15: the devices, and nobody else.
    static let devicePrefix = "192.0.2.8/29"

    let hub: NetworkNamespace
    private let process: pid_t
    private let ip: String
    private let programs: ChildPrograms

    init(process: pid_t, ip: String, programs: ChildPrograms) {
        self.process = process
        self.ip = ip
        self.programs = programs
        hub = NetworkNamespace(name: "\(Self.namePrefix)\(process)-hub")
    }

    func namespace(of person: Person) -> NetworkNamespace {
        NetworkNamespace(name: "\(Self.namePrefix)\(process)-\(person.name)")
    }

    static func address(of person: Person) -> String { "192.0.2.\(11 + person.index)" }

    /// The engines' sockets of all namespaces share one directory, so the names differ; at most 15 bytes.
    func interface(of person: Person) -> String { "\(Self.interfacePrefix)\(process)\(person.name.prefix(1))" }

    private var all: [NetworkNamespace] { [hub] + Person.all.map(namespace) }

    func build() async throws {
        for namespace in all {
            try await programs.run([ip, "netns", "add", namespace.name])
            try await inside(namespace, "link set lo up")
        }
        try await inside(hub, "link add \(Self.bridge) type bridge")
        try await inside(hub, "address add \(Self.serverAddress)/24 dev \(Self.bridge)")
        try await inside(hub, "address add \(Self.providerAddress)/24 dev \(Self.bridge)")
        try await inside(hub, "link set \(Self.bridge) up")
        for person in Person.all {
            let device = namespace(of: person)
            try await inside(hub, "link add to-\(person.name) type veth peer name eth0 netns \(device.name)")
            try await inside(hub, "link set to-\(person.name) master \(Self.bridge) up")
            try await inside(device, "address add \(Self.address(of: person))/24 dev eth0")
            try await inside(device, "link set eth0 up")
        }
    }

    private func inside(_ namespace: NetworkNamespace, _ words: String) async throws {
        try await programs.run([ip, "-n", namespace.name] + words.split(separator: " ").map(String.init))
    }

    /// Whether the device's namespace still has its overlay interface.
    func hasInterface(of person: Person) async -> Bool {
        let device = namespace(of: person)
        guard NetworkNamespace.names.contains(device.name) else { return false }
        return (try? await inside(device, "link show \(interface(of: person))")) != nil
    }

    /// Removes the namespaces, and with them all that is inside, processes first. Names of those that stay.
    func remove() async -> [String] {
        let names = Set(all.map(\.name))
        for name in NetworkNamespace.names.intersection(names).sorted() {
            for process in NetworkNamespace(name: name).processes { kill(process, SIGKILL) }
            _ = try? await programs.run([ip, "netns", "delete", name])
        }
        return NetworkNamespace.names.intersection(names).sorted()
    }
}
