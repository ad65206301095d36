internal import Glibc

/// Appends JSON lines to a file, whole lines only.
///
/// Before each batch it looks whether the path still names the file that it has open: after a rotation by renaming it opens
/// the new one by itself. A write that fails half-way is taken back. Mode 0600.
package actor FileDelivery: AuditDelivery {
    private let path: String
    private var descriptor: Int32 = -1

    package init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    package func deliver(_ batch: [ExportedRecord]) throws(DeliveryFailure) {
        try open()
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("be looked at") }
        var bytes: [UInt8] = []
        if try isTorn(at: status.st_size) { bytes.append(0x0A) }
        for exported in batch {
            bytes += exported.json
            bytes.append(0x0A)
        }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let failure = failure("be written")
                ftruncate(descriptor, status.st_size)
                throw failure
            }
            written += count
        }
        guard fdatasync(descriptor) == 0 || errno == EINVAL || errno == EROFS else { throw failure("be written") }
    }

    /// Opened anew where the path names another file by now, or none.
    private func open() throws(DeliveryFailure) {
        var named = stat()
        var opened = stat()
        if descriptor >= 0, stat(path, &named) == 0, fstat(descriptor, &opened) == 0, named.st_ino == opened.st_ino,
            named.st_dev == opened.st_dev
        {
            return
        }
        if descriptor >= 0 { close(descriptor) }
        descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw failure("be opened") }
    }

    /// Whether a line was left without its end, by a power cut.
    private func isTorn(at size: off_t) throws(DeliveryFailure) -> Bool {
        guard size > 0 else { return false }
        var last: UInt8 = 0
        guard pread(descriptor, &last, 1, size - 1) == 1 else { throw failure("be read") }
        return last != 0x0A
    }

    private func failure(_ what: String) -> DeliveryFailure {
        DeliveryFailure("\(path) cannot \(what): \(String(cString: strerror(errno)))")
    }
}
