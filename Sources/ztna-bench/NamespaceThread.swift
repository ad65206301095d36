import Foundation
import Glibc

/// Threads inside a named network namespace: the sockets that they open stay there.
enum NamespaceThread {
    /// Runs `body`, which may block, on a thread of its own, and gives what it returns. With `core`, the thread and the
    /// processes that it starts run there alone.
    static func run<Value: Sendable>(
        in namespace: String, core: Int? = nil, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try enter(namespace)
                        if let core { try stay(on: core) }
                        return try body()
                    })
            }
        }
    }

    /// Moves the calling thread in, for good. Source: setns(2), which glibc's Swift module map hides.
    private static func enter(_ namespace: String) throws {
        typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
        let newNetwork: Int32 = 0x4000_0000
        let descriptor = open("/run/netns/" + namespace, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, let symbol = dlsym(nil, "setns"),
            unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, newNetwork) == 0
        else { throw BenchError.failed("the namespace \(namespace) cannot be entered") }
    }
}

extension NamespaceThread {
    /// Keeps the calling thread and what it starts on one processor. Source: sched_setaffinity(2), hidden like `setns`.
    private static func stay(on core: Int) throws {
        typealias SetAffinity = @convention(c) (pid_t, Int, UnsafeRawPointer?) -> Int32
        var set = [UInt](repeating: 0, count: 1024 / UInt.bitWidth)
        let (word, bit) = core.quotientAndRemainder(dividingBy: UInt.bitWidth)
        guard set.indices.contains(word), let symbol = dlsym(nil, "sched_setaffinity") else {
            throw BenchError.failed("no processor \(core)")
        }
        set[word] = 1 << UInt(bit)
        let status = set.withUnsafeBytes {
            unsafeBitCast(symbol, to: SetAffinity.self)(0, $0.count, $0.baseAddress)
        }
        guard status == 0 else { throw BenchError.failed("nothing may run on processor \(core) alone") }
    }
}

/// TCP over IPv4 by descriptors that block for no longer than a poll.
enum TCP {
    static func listener(at address: String, port: UInt16) throws -> Int32 {
        let descriptor = try stream()
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard try with(address, port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw BenchError.failed("nothing can listen at \(address) port \(port)")
        }
        return descriptor
    }

    /// Nil when it was refused or took longer.
    static func connected(to address: String, port: UInt16, within milliseconds: Int32) throws -> Int32? {
        let descriptor = try stream()
        let status = try with(address, port) { connect(descriptor, $0, $1) }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if status == 0 { return descriptor }
        guard errno == EINPROGRESS, isReady(descriptor, POLLOUT, milliseconds),
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0, failure == 0
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    static func isReady(_ descriptor: Int32, _ events: Int32, _ milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&waiting, 1, milliseconds) > 0
    }

    private static func stream() throws -> Int32 {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, flags, 0)
        guard descriptor >= 0 else { throw BenchError.failed("no socket") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private static func with(
        _ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else { throw BenchError.failed("\(text): no address") }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
