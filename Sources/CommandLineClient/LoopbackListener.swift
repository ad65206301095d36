internal import Dispatch
internal import Glibc
internal import Synchronization

/// Listens on 127.0.0.1 for the browser that comes back with a code, which proves that both are on one machine.
///
/// Bounded: at most 16 connections of ten seconds and 8 KiB each, eight codes in all. Source: RFC 8252 §7.3.
package final class LoopbackListener: Sendable {
    private struct State {
        var descriptor: Int32
        var isServing = false
    }

    package let port: UInt16
    private let state: Mutex<State>

    /// Takes a free port and listens at once; connections wait until `serve`.
    package init() throws(ClientFailure) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw .system("No socket for the browser to come back to.") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard status else {
            Glibc.close(descriptor)
            throw .system("No port on 127.0.0.1 for the browser to come back to.")
        }
        port = UInt16(bigEndian: address.sin_port)
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { close() }

    /// Answers until `close`, the lifetime's end or the eighth code; `onCode` is called on another thread.
    package func serve(
        redirectingTo location: String, lifetime: Duration, onCode: @escaping @Sendable (String) -> Void
    ) {
        let descriptor: Int32? = state.withLock { state in
            guard state.descriptor >= 0, !state.isServing else { return nil }
            state.isServing = true
            return state.descriptor
        }
        guard let descriptor else { return }
        let end = ContinuousClock.now + lifetime
        DispatchQueue(label: "ztna.loopback").async { [self, port] in
            var service = LoopbackService(descriptor: descriptor, port: port, location: location, end: end)
            service.run(onCode: onCode)
            state.withLock { state in
                Glibc.close(descriptor)
                state.descriptor = -1
            }
        }
    }

    package func close() {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            if state.isServing {
                // Wakes the serving thread, which closes it.
                shutdown(state.descriptor, Int32(SHUT_RDWR))
            } else {
                Glibc.close(state.descriptor)
                state.descriptor = -1
            }
        }
    }
}

/// The connections of one listener; lives on one thread.
private struct LoopbackService {
    private struct Connection {
        var descriptor: Int32
        var received: [UInt8] = []
        var end: ContinuousClock.Instant
    }

    let descriptor: Int32
    let port: UInt16
    let location: String
    let end: ContinuousClock.Instant
    private var connections: [Connection] = []
    private var codesLeft = 8

    init(descriptor: Int32, port: UInt16, location: String, end: ContinuousClock.Instant) {
        self.descriptor = descriptor
        self.port = port
        self.location = location
        self.end = end
    }

    mutating func run(onCode: (String) -> Void) {
        defer { for connection in connections { close(connection.descriptor) } }
        while codesLeft > 0, ContinuousClock.now < end {
            var entries = ([descriptor] + connections.map(\.descriptor)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&entries, nfds_t(entries.count), 1000) >= 0 || errno == EINTR else { return }
            if entries[0].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { return }
            for entry in entries.dropFirst() where entry.revents != 0 { receive(on: entry.fd, onCode: onCode) }
            for connection in connections where connection.end <= .now { drop(connection.descriptor) }
            if entries[0].revents != 0 { accept() }
        }
    }

    private mutating func accept() {
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { return }
        _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        // Browsers open connections ahead and leave them idle: the oldest gives way.
        if connections.count >= 16, let oldest = connections.first { drop(oldest.descriptor) }
        connections.append(Connection(descriptor: accepted, end: .now + .seconds(10)))
    }

    private mutating func receive(on number: Int32, onCode: (String) -> Void) {
        guard let index = connections.firstIndex(where: { $0.descriptor == number }) else { return }
        var buffer = [UInt8](repeating: 0, count: LoopbackRequest.maximumBytes + 1)
        let count = recv(number, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return drop(number) }
        connections[index].received += buffer.prefix(count)
        let received = connections[index].received
        let isComplete = received.suffix(4) == [0x0D, 0x0A, 0x0D, 0x0A]
        guard isComplete || received.count > LoopbackRequest.maximumBytes else { return }
        let code = isComplete ? LoopbackRequest.code(inHead: received, port: port) : nil
        let answer = code == nil ? LoopbackRequest.notFound : LoopbackRequest.redirect(to: location)
        // A fresh connection's buffer takes the whole answer without waiting.
        _ = answer.withUnsafeBytes { send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        shutdown(number, Int32(SHUT_WR))
        drop(number)
        if let code {
            codesLeft -= 1
            onCode(code)
        }
    }

    private mutating func drop(_ number: Int32) {
        close(number)
        connections.removeAll { $0.descriptor == number }
    }
}
