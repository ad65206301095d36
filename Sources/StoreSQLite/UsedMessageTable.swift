internal import Identity
internal import Store

/// `used_messages`: what of an identity provider's can be used once, by the hash of its ID.
extension SQLiteTransaction {
    package func rememberMessage(_ idHash: [UInt8], of provider: ProviderID, expiresAt: Int) throws -> Bool {
        let inserted = try connection.rows(
            "used_messages",
            """
            INSERT INTO used_messages (provider, id_hash, expires_at) VALUES (?, ?, ?)
            ON CONFLICT DO NOTHING RETURNING expires_at
            """, [.text(provider.text), .blob(idHash), .integer(expiresAt)]
        ) { row throws(StoreError) in try row.integer(0) }
        return !inserted.isEmpty
    }

    package func deleteMessages(expiredBefore moment: Int, limit: Int) throws -> Int {
        try connection.rows(
            "used_messages",
            """
            DELETE FROM used_messages WHERE (provider, id_hash) IN (
                SELECT provider, id_hash FROM used_messages WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
            RETURNING expires_at
            """, [.integer(moment), .integer(max(0, limit))]
        ) { row throws(StoreError) in try row.integer(0) }.count
    }
}
