package enum AuditError: Error, Hashable, Sendable {
    /// A stored or received record is not an event of ours.
    case unreadable
    /// A signed mark that is not one, by an unknown key, or with a bad signature.
    case mark
    /// A pseudonym key that is not 32 bytes.
    case invalidKey
}
