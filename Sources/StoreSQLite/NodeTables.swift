internal import Identity
internal import NetworkAddresses
internal import Store

private let table = "nodes"
private let columns = [
    "id", "device", "device_public_key", "session", "host", "operating_system", "wireguard_key", "registration", "ipv4",
    "ipv6", "tags", "created_at", "updated_at", "is_managed", "place",
    "place_seen_at",
]
private let select = "SELECT \(columns.joined(separator: ", ")) FROM \(table)"
private let byID = select + " WHERE id = ?"
private let byDevice = select + " WHERE device = ?"
private let all = select + " ORDER BY created_at, id"
private let page = select + " WHERE id > ? ORDER BY id LIMIT ?"
private let saveNode = SQLiteTransaction.upsertStatement(table, columns)

extension SQLiteReading {
    package func node(_ id: NodeID) throws -> NodeRecord? {
        try connection.row(table, byID, [.text(id.text)], readNode)
    }

    package func node(device: DeviceID) throws -> NodeRecord? {
        try connection.row(table, byDevice, [.text(device.thumbprint)], readNode)
    }

    package func nodes() throws -> [NodeRecord] { try connection.rows(table, all, [], readNode) }

    package func nodes(after id: NodeID?, limit: Int) throws -> [NodeRecord] {
        // No id is empty.
        try connection.rows(table, page, [.text(id?.text ?? ""), .integer(max(0, limit))], readNode)
    }

    package func isAddressTaken(_ ipv4: UInt32, releasedAfter moment: Int) throws -> Bool {
        try connection.row(
            table,
            """
            SELECT EXISTS (SELECT 1 FROM nodes WHERE ipv4 = ?1)
                OR EXISTS (SELECT 1 FROM released_addresses WHERE ipv4 = ?1 AND released_at > ?2)
            """,
            [.integer(Int(ipv4)), .integer(moment)]
        ) { row throws(StoreError) in try row.integer(0) != 0 } ?? false
    }
}

private func readNode(_ row: SQLiteRow) throws(StoreError) -> NodeRecord {
    guard let ipv4 = UInt32(exactly: try row.integer(8)), let ipv6 = IPAddress(bytes: try row.blob(9)), !ipv6.isV4
    else { throw row.corrupt }
    var node = NodeRecord(
        id: try row.parsed(0) { NodeID($0) }, device: try row.parsed(1) { DeviceID($0) },
        devicePublicKey: try row.blob(2), session: try row.optionalParsed(3) { SessionID($0) },
        host: try row.parsed(4) { HostName($0) }, operatingSystem: try row.text(5), wireGuardKey: try row.blob(6),
        registration: try row.text(7), ipv4: .v4(ipv4), ipv6: ipv6, tags: try row.parsed(10, readTags),
        isManaged: try row.optionalInteger(13).map { $0 != 0 },
        createdAt: try row.integer(11), updatedAt: try row.integer(12))
    node.place = try row.optionalParsed(14) { IPAddress($0) }
    node.placeSeenAt = try row.optionalInteger(15)
    return node
}

/// Tags are stored in order with a space between: no tag holds one.
private func readTags(_ text: String) -> Set<TagName>? {
    let names = text.split(separator: " ")
    let tags = names.compactMap { TagName(String($0)) }
    return tags.count == names.count ? Set(tags) : nil
}

extension SQLiteTransaction {
    package func save(_ node: NodeRecord) throws {
        guard case .v4(let ipv4) = node.ipv4, !node.ipv6.isV4 else {
            throw StoreError.backend("a node has an address of either family")
        }
        try connection.run(
            """
            INSERT INTO released_addresses (ipv4, released_at) SELECT ipv4, ?3 FROM nodes WHERE id = ?1 AND ipv4 <> ?2
            ON CONFLICT (ipv4) DO UPDATE SET released_at = excluded.released_at
            """,
            [.text(node.id.text), .integer(Int(ipv4)), .integer(node.updatedAt)])
        try upsert(
            saveNode,
            [
                .text(node.id.text), .text(node.device.thumbprint), .blob(node.devicePublicKey),
                .text(node.session?.text), .text(node.host.text), .text(node.operatingSystem),
                .blob(node.wireGuardKey), .text(node.registration), .integer(Int(ipv4)), .blob(node.ipv6.bytes),
                .text(node.tags.sorted().map(\.text).joined(separator: " ")), .integer(node.createdAt),
                .integer(node.updatedAt), .integer(node.isManaged.map { $0 ? 1 : 0 }),
                .text(node.place?.description), .integer(node.placeSeenAt),
            ])
    }

    package func deleteNode(_ id: NodeID, now: Int) throws {
        try connection.run(
            """
            INSERT INTO released_addresses (ipv4, released_at) SELECT ipv4, ?2 FROM nodes WHERE id = ?1
            ON CONFLICT (ipv4) DO UPDATE SET released_at = excluded.released_at
            """,
            [.text(id.text), .integer(now)])
        try connection.run("DELETE FROM nodes WHERE id = ?", [.text(id.text)])
    }
}
