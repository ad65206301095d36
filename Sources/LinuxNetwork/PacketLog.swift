internal import CLinux
@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// One packet that the filter logged.
package struct LoggedPacket: Hashable, Sendable {
    package let verdict: FilterVerdict
    package let header: PacketHeader

    package init(verdict: FilterVerdict, header: PacketHeader) {
        self.verdict = verdict
        self.header = header
    }
}

/// What became of log messages that are not in the log. Counts since the start.
package struct PacketLogLosses: Hashable, Sendable {
    /// Messages that the kernel dropped because we read too slowly: gaps in its numbers.
    package var overruns = 0
    /// Messages with another prefix, or whose packet cannot be read.
    package var unreadable = 0

    package init() {}
}

/// Reads one NFLOG group and hands each packet on, in order, on a queue of its own.
///
/// Acts in the network namespace of the thread that creates it. Source: libnetfilter_log.
package final class PacketLog: Sendable {
    private let source: any DispatchSourceRead
    private let receiver: Receiver
    private let closed = DispatchSemaphore(value: 0)

    /// `deliver` must not block for long: meanwhile the kernel's buffer of 8 MiB fills. `onRead` follows the packets that came
    /// together, at most some hundred.
    package init(
        group: UInt16, deliver: @escaping @Sendable (LoggedPacket) -> Void, onRead: @escaping @Sendable () -> Void = {}
    ) throws(LinuxNetworkError) {
        let receiver = Receiver(deliver: deliver)
        let handle = try LogHandle(group: group, receiver: receiver)
        let source = DispatchSource.makeReadSource(
            fileDescriptor: handle.descriptor, queue: DispatchQueue(label: "ztna.nflog"))
        source.setEventHandler { handle.readAll(then: onRead) }
        let closed = closed
        source.setCancelHandler {
            handle.close()
            closed.signal()
        }
        self.source = source
        self.receiver = receiver
        source.activate()
    }

    package var losses: PacketLogLosses { receiver.losses.withLock { $0 } }

    /// Ends the reading; nothing is delivered after it returns.
    package func close() {
        source.cancel()
        closed.wait()
        closed.signal()
    }

    deinit { source.cancel() }
}

private final class Receiver: Sendable {
    let losses = Mutex(PacketLogLosses())
    /// The number of the next message; the first is 0.
    private let expected = Mutex<UInt32>(0)
    private let deliver: @Sendable (LoggedPacket) -> Void

    init(deliver: @escaping @Sendable (LoggedPacket) -> Void) { self.deliver = deliver }

    /// The kernel numbers what it logs, also what does not fit its buffer.
    func note(sequence: UInt32) {
        let missed = expected.withLock { expected in
            defer { expected = sequence &+ 1 }
            return sequence &- expected
        }
        // A number that went back is of another binding.
        if missed > 0, missed < 1 << 31 { losses.withLock { $0.overruns += Int(missed) } }
    }

    func receive(prefix: String, payload: UnsafeBufferPointer<UInt8>) {
        guard let verdict = FilterVerdict(rawValue: prefix), let header = PacketHeader(parsing: payload) else {
            return losses.withLock { $0.unreadable += 1 }
        }
        deliver(LoggedPacket(verdict: verdict, header: header))
    }
}

/// The library's handle. After initialisation only the source's queue touches it.
private final class LogHandle: @unchecked Sendable {
    let descriptor: Int32
    private let handle: OpaquePointer
    private let group: OpaquePointer
    /// The C callback's context points at it.
    private let receiver: Receiver
    private var buffer = [CChar](repeating: 0, count: 1 << 17)

    init(group number: UInt16, receiver: Receiver) throws(LinuxNetworkError) {
        guard let handle = nflog_open() else { throw .system(call: "nflog_open", errno: Errno.last) }
        guard let group = nflog_bind_group(handle, number) else {
            let code = Errno.last
            nflog_close(handle)
            throw .system(call: "nflog_bind_group", errno: code)
        }
        (self.handle, self.group, self.receiver, descriptor) = (handle, group, receiver, nflog_fd(handle))
        let context = Unmanaged.passUnretained(receiver).toOpaque()
        nflog_callback_register(group, { _, _, message, context in forward(message, to: context) }, context)
        let copied = nflog_set_mode(group, UInt8(NFULNL_COPY_PACKET), UInt32(PacketHeader.longestUseful))
        // In hundredths of a second: how long the kernel may gather messages; and how many, in how many bytes.
        let hastened = nflog_set_timeout(group, 5)
        nflog_set_qthresh(group, 128)
        nflog_set_nlbufsiz(group, 1 << 15)
        let numbered = nflog_set_flags(group, UInt16(NFULNL_CFG_F_SEQ))
        var space: Int32 = 8 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &space, socklen_t(MemoryLayout<Int32>.size))
        guard copied >= 0, hastened >= 0, numbered >= 0 else {
            let code = Errno.last
            close()
            throw .system(call: "nflog_set_mode", errno: code)
        }
    }

    func readAll(then onRead: () -> Void) {
        while true {
            let count = buffer.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                buffer.withUnsafeMutableBufferPointer { space in
                    _ = nflog_handle_packet(handle, space.baseAddress, Int32(clamping: count))
                }
                onRead()
            } else if count == 0 || ![EINTR, ENOBUFS].contains(Errno.last) {
                return
            }
        }
    }

    func close() {
        nflog_unbind_group(group)
        nflog_close(handle)
    }
}

private func forward(_ message: OpaquePointer?, to context: UnsafeMutableRawPointer?) -> Int32 {
    guard let message, let context else { return 0 }
    let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
    var sequence: UInt32 = 0
    if nflog_get_seq(message, &sequence) == 0 { receiver.note(sequence: sequence) }
    var start: UnsafeMutablePointer<CChar>?
    let count = nflog_get_payload(message, &start)
    guard count > 0, let start else {
        receiver.losses.withLock { $0.unreadable += 1 }
        return 0
    }
    let prefix = nflog_get_prefix(message).map { String(cString: $0) } ?? ""
    let bytes = UnsafeRawBufferPointer(start: start, count: Int(count))
    bytes.withMemoryRebound(to: UInt8.self) { receiver.receive(prefix: prefix, payload: $0) }
    return 0
}
