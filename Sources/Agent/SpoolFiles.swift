internal import Cryptography
internal import Glibc
internal import StrictJSON

/// The spool's files, and all that is done to them: blocking, for one queue alone.
///
/// Every failure of the disk is an answer, never a stop: what cannot be written is counted by whoever asked.
struct SpoolFiles {
    private let directory: String
    private let limit: Int
    private let randomness: Randomness
    /// Oldest first; never appended to again.
    private(set) var sealed: [SpoolSegment] = []
    private var current: SpoolSegment?
    private var descriptor: Int32 = -1
    private var next = 1
    /// The batch that is on its way; it is not dropped meanwhile.
    private var lent: String?

    /// Opens a directory, makes it where it is missing, and looks over what an earlier run left there.
    init(_ directory: String, limit: Int, randomness: Randomness) throws(StateError) {
        self.directory = directory
        self.limit = limit
        self.randomness = randomness
        if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .system(call: "mkdir", path: directory, errno: errno) }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .wrongKind(path: directory)
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else { throw .tooOpen(path: directory) }
        for name in try Self.names(in: directory).sorted() {
            guard var segment = SpoolSegment(name: name) else { continue }
            let content = Self.content(path(name))
            let found = SpoolSegment.read(content)
            (segment.records, segment.bytes, segment.losses) = (found.records.count, content.count, found.losses)
            next = max(next, segment.number + 1)
            sealed.append(segment)
        }
    }

    var bytes: Int { sealed.reduce(current?.bytes ?? 0) { $0 + $1.bytes } }
    var records: Int { sealed.reduce(current?.records ?? 0) { $0 + $1.records } }

    /// Appends lines for one server, in one write where they fit into one segment. Returns how many of them the disk refused.
    mutating func append(_ lines: [[UInt8]], areRecords: Bool = true, for server: String) -> Int {
        if let current, current.server != server { seal() }
        var rest = lines[...]
        while !rest.isEmpty {
            if let current, current.records >= SpoolSegment.largestLines || current.bytes >= SpoolSegment.largestBytes {
                seal()
            }
            guard var segment = openSegment(for: server) else { return rest.count }
            let room = max(areRecords ? SpoolSegment.largestLines - segment.records : 1, 1)
            var buffer: [UInt8] = []
            var taken = 0
            for line in rest.prefix(room) where taken == 0 || segment.bytes + buffer.count < SpoolSegment.largestBytes {
                buffer += line
                taken += 1
            }
            guard write(buffer, after: segment.bytes) else { return rest.count }
            segment.bytes += buffer.count
            if areRecords { segment.records += taken }
            current = segment
            rest = rest.dropFirst(taken)
        }
        return 0
    }

    /// Nothing is appended to the current segment any more.
    mutating func seal() {
        guard let segment = current else { return }
        close(descriptor)
        descriptor = -1
        current = nil
        if segment.bytes == 0 { unlink(path(segment.name)) } else { sealed.append(segment) }
    }

    /// Drops the oldest until what is left fits the limit. Returns how many records went, and what they said was lost.
    mutating func shrink() -> (dropped: Int, losses: AttemptLosses) {
        var dropped = 0
        var losses = AttemptLosses()
        while bytes > limit, let index = sealed.firstIndex(where: { $0.name != lent }) {
            let segment = sealed.remove(at: index)
            unlink(path(segment.name))
            dropped += segment.records
            losses += segment.losses
        }
        return (dropped, losses)
    }

    /// The oldest batch for a server, until it is discarded or the next is asked for. The current segment is sealed when
    /// there is no other.
    mutating func oldest(for server: String) -> (id: String, records: [JSON], losses: AttemptLosses)? {
        if !sealed.contains(where: { $0.server == server }), current?.server == server { seal() }
        guard let segment = sealed.first(where: { $0.server == server }) else { return nil }
        lent = segment.name
        let found = SpoolSegment.read(Self.content(path(segment.name)))
        return (segment.name, found.records, found.losses)
    }

    /// It has arrived.
    mutating func discard(_ id: String) {
        if lent == id { lent = nil }
        guard let index = sealed.firstIndex(where: { $0.name == id }) else { return }
        sealed.remove(at: index)
        unlink(path(id))
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private mutating func openSegment(for server: String) -> SpoolSegment? {
        if let current { return current }
        let segment = SpoolSegment(number: next, server: server, chance: randomness.bytes(8))
        descriptor = open(path(segment.name), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return nil }
        next += 1
        current = segment
        return segment
    }

    /// All of it or nothing: what a full disk has cut off is taken back.
    private mutating func write(_ bytes: [UInt8], after length: Int) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                if ftruncate(descriptor, length) != 0 { seal() }
                return false
            }
            written += count
        }
        return true
    }

    private static func names(in directory: String) throws(StateError) -> [String] {
        guard let stream = opendir(directory) else {
            throw .system(call: "opendir", path: directory, errno: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    /// Empty where it cannot be read.
    private static func content(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [] }
        // A segment ends within a line of its limit; a longer file is none of ours.
        var content = [UInt8](repeating: 0, count: min(Int(status.st_size), 2 * SpoolSegment.largestBytes))
        var filled = 0
        while filled < content.count {
            let count = content.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        content.removeLast(content.count - filled)
        return content
    }
}
