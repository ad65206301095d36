package enum StoreError: Error, Hashable, Sendable {
    /// A record with the same unique value exists.
    case conflict
    /// More writers wait than the queue holds: try again later.
    case overloaded
    /// The disk is full; nothing was written.
    case diskFull
    /// The database file or its directory cannot be written.
    case readOnly
    case closed
    /// A stored record that cannot be read back; names the table.
    case corrupt(String)
    case backend(String)

    package var explanation: String {
        switch self {
        case .conflict: "a record with the same unique value exists"
        case .overloaded: "too many writes are waiting: the disk is too slow for the load"
        case .diskFull: "the disk of the state directory is full: free some space; nothing was written"
        case .readOnly:
            "the database cannot be written: check the owner and mode of the state directory and its files, and that the file system is not read-only"
        case .closed: "the store is closed"
        case .corrupt(let table): "a record in table \(table) cannot be read: restore the database from its backup"
        case .backend(let text): "the database says: \(text)"
        }
    }
}
