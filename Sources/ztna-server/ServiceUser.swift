import Glibc

/// Whom the server runs as: root may read everything, and so cannot see for itself what that user may not.
struct ServiceUser {
    let id: uid_t
    let group: gid_t
    let name: String

    /// To whom the state directory belongs. Nil unless this program runs as root and the directory is there and another's.
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

    /// The one that somebody names.
    init(named name: String) throws {
        guard geteuid() == 0 else { throw fail("only root can check as another user: leave --user out, or use sudo") }
        guard let entry = getpwnam(name) else { throw fail("there is no user \(name)") }
        id = entry.pointee.pw_uid
        group = entry.pointee.pw_gid
        self.name = name
    }

    /// For the rest of the process, with the user's own groups and these. Answers the names of all.
    func become(withGroups further: [String]) throws -> [String] {
        var groups: [gid_t] = []
        for name in further {
            guard let entry = getgrnam(name) else { throw fail("there is no group \(name)") }
            groups.append(entry.pointee.gr_gid)
        }
        let hasGroups = getpwuid(id) != nil ? initgroups(name, group) == 0 : setgroups(1, [group]) == 0
        let all = Self.groups() + groups
        guard hasGroups, setgroups(all.count, all) == 0, setgid(group) == 0, setuid(id) == 0 else {
            throw fail("this cannot be checked as \(name): \(String(cString: strerror(errno)))")
        }
        return Set(all + [group]).sorted().map { id in
            getgrgid(id).map { String(cString: $0.pointee.gr_name) } ?? String(id)
        }
    }

    /// The supplementary ones of this process.
    private static func groups() -> [gid_t] {
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(Int32(groups.count), &groups)
        return Array(groups.prefix(max(0, Int(count))))
    }
}
