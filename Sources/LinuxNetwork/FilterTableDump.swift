internal import CLinux
internal import Cryptography
internal import Glibc

/// One table as the kernel has it, but for its name and the members of its named sets: equal for tables of the same script.
struct FilterTableForm: Hashable {
    let flags: UInt32
    /// SHA-256 of its sets, chains and rules in their order, and of the members of sets that a rule names none for.
    let digest: [UInt8]

    /// NFT_TABLE_F_DORMANT: no packet meets it.
    static let dormant: UInt32 = 1
}

/// Asks the kernel for a table's sets, chains and rules: some dozens of messages, whatever the sets hold.
///
/// nft would read every member of every set before it lists a table, and keep them; it takes a second and 90 MB for 100,000.
/// Acts in the network namespace of the thread that creates it. Source: linux/netfilter/nf_tables.h.
struct FilterTableDump: ~Copyable {
    /// NFT_MSG_GET….
    private static let (table, chain, rule, set, elements): (Int32, Int32, Int32, Int32, Int32) = (1, 4, 7, 10, 13)
    /// NFTA_TABLE_FLAGS. In each message the first attribute is the table's name, in those of sets the second is the set's.
    private static let (tableName, setName, tableFlags): (UInt16, UInt16, UInt16) = (1, 2, 2)
    /// NFTA_SET_FLAGS, NFT_SET_ANONYMOUS, NFTA_SET_ELEM_LIST_ELEMENTS.
    private static let (setFlags, isAnonymous, setElements): (UInt16, UInt32, UInt16) = (3, 1, 3)
    /// What packets meet: neither handles, which differ from table to table, nor comments, counts and places.
    ///
    /// NFTA_SET_NAME, _FLAGS, _KEY_TYPE, _KEY_LEN, _DATA_TYPE, _DATA_LEN, _POLICY, _DESC, _TIMEOUT, _GC_INTERVAL, _OBJ_TYPE,
    /// _EXPR, _EXPRESSIONS; NFTA_CHAIN_NAME, _HOOK, _POLICY, _TYPE, _FLAGS; NFTA_RULE_CHAIN, _EXPRESSIONS.
    private static let ofSets: [UInt16] = [2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 17, 18]
    private static let (ofChains, ofRules): ([UInt16], [UInt16]) = ([3, 4, 5, 7, 10], [2, 4])

    private var socket: NetfilterSocket

    init() throws(LinuxNetworkError) { socket = try NetfilterSocket(largestReply: 1 << 16) }

    /// Nil where there is no such table. Others may change it meanwhile, and a set that goes between two questions is an error:
    /// `OneMoment` looks again.
    mutating func form(of name: String) throws(LinuxNetworkError) -> FilterTableForm? {
        guard let flags = try flags(of: name) else { return nil }
        var content: [UInt8] = []
        var anonymous: [ArraySlice<UInt8>] = []
        try list(Self.set, of: name) { set in
            Self.append(Self.ofSets, of: set, to: &content)
            let flags = set[Self.setFlags]?.hostInteger(at: 0, as: UInt32.self).map(UInt32.init(bigEndian:)) ?? 0
            if flags & Self.isAnonymous != 0, let name = set[Self.setName] { anonymous.append(name) }
        }
        try list(Self.chain, of: name) { Self.append(Self.ofChains, of: $0, to: &content) }
        try list(Self.rule, of: name) { Self.append(Self.ofRules, of: $0, to: &content) }
        for set in anonymous { content += try members(of: set, in: name).joined() }
        return FilterTableForm(flags: flags, digest: Digest.sha256(content))
    }

    private mutating func flags(of name: String) throws(LinuxNetworkError) -> UInt32? {
        var flags: UInt32?
        do {
            try socket.ask(Self.table, within: .seconds(5), about: "table \(name)", { Self.name(name, in: &$0) }) {
                flags = $0.attributes(after: 4)?[Self.tableFlags]?.hostInteger(at: 0, as: UInt32.self)
                return false
            }
        } catch .netlink(_, ENOENT) { return nil }
        guard let flags else { throw .malformedReply("table \(name)") }
        return UInt32(bigEndian: flags)
    }

    /// The attributes of each part of the table, in the kernel's order.
    private mutating func list(
        _ message: Int32, of name: String, set: ArraySlice<UInt8>? = nil,
        take: ([UInt16: ArraySlice<UInt8>]) throws(LinuxNetworkError) -> Void
    ) throws(LinuxNetworkError) {
        let subject = "rules of \(name)"
        try socket.ask(
            message, flags: NLM_F_ROOT | NLM_F_MATCH, within: .seconds(5), about: subject,
            { request in
                Self.name(name, in: &request)
                if let set { request.attribute(Self.setName, Array(set)) }
            },
            take: { reply throws(LinuxNetworkError) in
                guard let attributes = reply.attributes(after: 4) else { throw .malformedReply(subject) }
                // Of chains the kernel tells those of all tables.
                if attributes[Self.tableName]?.elementsEqual(Self.text(name)) == true { try take(attributes) }
                return true
            })
    }

    /// In no order of the kernel's, which goes by chance.
    private mutating func members(
        of set: ArraySlice<UInt8>, in name: String
    ) throws(LinuxNetworkError) -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        try list(Self.elements, of: name, set: set) { attributes throws(LinuxNetworkError) in
            var rest = attributes[Self.setElements] ?? []
            while let (_, element) = rest.nextAttribute() { found.append(element) }
        }
        return found.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func append(
        _ types: [UInt16], of attributes: [UInt16: ArraySlice<UInt8>], to content: inout [UInt8]
    ) {
        for type in types {
            guard let value = attributes[type] else { continue }
            for number in [Int(type), value.count] {
                withUnsafeBytes(of: UInt32(clamping: number)) { content.append(contentsOf: $0) }
            }
            content += value
        }
    }

    private static func name(_ name: String, in request: inout NetlinkRequest) {
        request.attribute(tableName, text(name))
    }

    private static func text(_ name: String) -> [UInt8] { Array(name.utf8) + [0] }
}
