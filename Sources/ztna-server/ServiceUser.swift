import Glibc

/// Whom the server runs as, as far as its state directory tells: root may read everything, and so cannot see for itself
/// what that user may not.
struct ServiceUser {
    let id: uid_t
    let group: gid_t
    let name: String

    /// Nil unless this program runs as root and the directory is there and another's.
    init?(of directory: String?) {
        var status = stat()
        guard geteuid() == 0, let directory, stat(directory, &status) == 0, status.st_uid != 0,
            status.st_mode & S_IFMT == S_IFDIR
        else { return nil }
        id = status.st_uid
        guard let entry = getpwuid(status.st_uid) else {
            group = status.st_gid
            name = "user \(status.st_uid)"
            return
        }
        group = entry.pointee.pw_gid
        name = String(cString: entry.pointee.pw_name)
    }

    /// For the rest of the process.
    func become() throws {
        let hasGroups = getpwuid(id) != nil ? initgroups(name, group) == 0 : setgroups(0, nil) == 0
        guard hasGroups, setgid(group) == 0, setuid(id) == 0 else {
            throw fail("this cannot be checked as \(name): \(String(cString: strerror(errno)))")
        }
    }
}
