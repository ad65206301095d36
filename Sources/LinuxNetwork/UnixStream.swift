internal import CLinux
internal import Cryptography
internal import Glibc

/// A client's stream to a Unix socket; every wait ends at its deadline.
struct UnixStream: ~Copyable {
    private let socket: FileDescriptor
    private let deadline: Deadline

    init(connectingTo path: String, by deadline: Deadline) throws(LinuxNetworkError) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = try FileDescriptor(Glibc.socket(AF_UNIX, type, 0), from: "socket")
        try UnixAddress(path, for: "connect").connect(socket.number)
        self.socket = socket
        self.deadline = deadline
    }

    /// The process that listens there.
    var peer: pid_t? { UnixAddress.peer(of: socket.number)?.process }

    borrowing func write(_ bytes: [UInt8]) throws(LinuxNetworkError) {
        var sent = 0
        while sent < bytes.count {
            let number = socket.number
            let count = bytes[sent...].withUnsafeBytes { send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                sent += count
            } else if count < 0, Errno.last == EAGAIN {
                try deadline.wait(for: number, events: POLLOUT, doing: "write to the engine")
            } else if count == 0 || Errno.last != EINTR {
                throw .system(call: "send", errno: Errno.last)
            }
        }
    }

    /// Reads through the first `terminator`, at most `limit` bytes.
    borrowing func read(through terminator: [UInt8], limit: Int) throws(LinuxNetworkError) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        defer { wipe(&buffer) }
        while !received.suffix(terminator.count).elementsEqual(terminator) {
            guard received.count < limit else { throw .malformedReply("the engine's answer is too long") }
            try deadline.wait(for: socket.number, events: POLLIN, doing: "answer of the engine")
            let number = socket.number
            let count = buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
            if count > 0 {
                received += buffer.prefix(count)
            } else if count == 0 {
                throw .malformedReply("the engine hung up")
            } else if Errno.last != EINTR, Errno.last != EAGAIN {
                throw .system(call: "recv", errno: Errno.last)
            }
        }
        return received
    }
}
