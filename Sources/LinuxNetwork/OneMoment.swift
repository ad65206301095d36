internal import Glibc

/// A look at the kernel's rule sets that takes several questions, and tells what was there at one moment.
enum OneMoment {
    static let mostLooks = 10

    /// Looks again while the rule sets' number changes meanwhile: then the answers are of several moments, and what one of them
    /// names may be gone (ENOENT) at the next question. Errors: `timedOut` when it always does, and those of both questions.
    static func look<Found>(
        at subject: String, number: () throws(LinuxNetworkError) -> UInt32,
        _ look: () throws(LinuxNetworkError) -> Found
    ) throws(LinuxNetworkError) -> Found {
        for _ in 0..<mostLooks {
            let before = try number()
            let found: Result<Found, LinuxNetworkError>
            do { found = .success(try look()) } catch {
                guard case .netlink(_, ENOENT) = error else { throw error }
                found = .failure(error)
            }
            if try number() == before { return try found.get() }
        }
        throw .timedOut("a look at \(subject) that no change of other tables falls into")
    }
}
