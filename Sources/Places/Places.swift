package import AccessPolicy
internal import Glibc
package import NetworkAddresses
internal import Synchronization

/// In which country an address is, by a database in the MaxMind format: GeoLite2-Country, or another with countries.
///
/// The file may be replaced at any time; `reloadIfChanged` takes the new one, and a damaged one never takes a good one's place.
package final class Places: Sendable {
    /// What tells one file from the next.
    private struct Stamp: Equatable {
        let modified: Int
        let nanoseconds: Int
        let size: Int
        let inode: UInt

        init(_ status: stat) {
            modified = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            size = Int(status.st_size)
            inode = UInt(status.st_ino)
        }
    }

    private struct State: ~Copyable {
        var database: PlacesDatabase
        /// Of the file that was last looked at, usable or not.
        var stamp: Stamp?
    }

    package let path: String
    private let state: Mutex<State>

    package init(path: String) throws(PlacesError) {
        self.path = path
        let stamp = Self.stamp(of: path)
        state = Mutex(State(database: try Self.open(path), stamp: stamp))
    }

    /// Nil where the database says nothing.
    package func country(of address: IPAddress) -> CountryCode? {
        state.withLock { $0.database.country(of: address) }
    }

    /// True when another database is in use now. One that cannot be read is reported once, and the former stays.
    package func reloadIfChanged() throws(PlacesError) -> Bool {
        let stamp = Self.stamp(of: path)
        let isNew = state.withLock { state in
            defer { state.stamp = stamp }
            return state.stamp != stamp
        }
        guard isNew else { return false }
        let database = try Self.open(path)
        replace(database)
        return true
    }

    private func replace(_ database: consuming PlacesDatabase) {
        var new: PlacesDatabase? = consume database
        state.withLock { state in
            if let taken = new.take() { state.database = taken }
        }
    }

    private static func open(_ path: String) throws(PlacesError) -> PlacesDatabase {
        // A pipe in its place must not make us wait.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        return try PlacesDatabase(descriptor: descriptor)
    }

    private static func stamp(of path: String) -> Stamp? {
        var status = stat()
        return stat(path, &status) == 0 ? Stamp(status) : nil
    }
}
