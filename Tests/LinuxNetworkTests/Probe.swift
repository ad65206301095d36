import Foundation

/// What becomes of one packet that is not TCP's; each kind is always of the same flow.
enum Probe: String, CaseIterable {
    case datagram, ping
    /// A protocol without ports: ESP. The kernel verifies checksums before it refuses, and takes those of others for wrong.
    case other

    /// Type and code of "administratively prohibited". Source: RFC 1812 §5.2.7.1, RFC 4443 §3.1.
    static func prohibited(_ address: String) -> String { address.contains(":") ? "1 1" : "3 13" }

    /// `met(socket, data)` sends from a connected socket, and returns `answered`, or type and code of the ICMP message
    /// that came instead. Source: ip(7), ipv6(7), `IP_RECVERR`; linux/errqueue.h.
    static let python = """
        import select, socket, struct, sys
        def family(address): return socket.AF_INET6 if ":" in address else socket.AF_INET
        def met(s, data):
            six = s.family == socket.AF_INET6
            s.setsockopt(*((41, 25, 1) if six else (0, 11, 1)))
            try: s.send(data)
            except OSError: pass
            poll = select.poll()
            poll.register(s, select.POLLIN)
            while poll.poll(60000):
                try:
                    error = [part for _, kind, part in s.recvmsg(1, 200, 0x2000)[1] if kind == (25 if six else 11)][0]
                    return "%d %d" % (error[5], error[6])
                except BlockingIOError: pass
                try: answer = s.recv(2000, 0x40)
                except OSError: continue
                # A raw socket is shown what refuses, too, with the header of IPv4.
                if s.type == socket.SOCK_DGRAM or answer[0 if six else 20] == (129 if six else 0): return "answered"
            sys.exit("nothing came")
        def echo(address):
            s = socket.socket(family(address), socket.SOCK_RAW, 58 if ":" in address else 1)
            return s, struct.pack("!BBHHH", *((128, 0, 0, 7, 1) if ":" in address else (8, 0, 0xF7F7, 7, 1)))

        """
}

extension Wire {
    /// From port 40000 to 5004 of the other namespace, or with an identifier of its own: `answered`, or what came instead.
    func probe(_ kind: Probe, _ address: String) throws -> String {
        let program = """
            kind, address = sys.argv[1:]
            if kind == "ping": s, data = echo(address)
            elif kind == "other": s, data = socket.socket(family(address), socket.SOCK_RAW, 50), bytes([0, 0, 16, 1]) + bytes(20)
            else:
                s, data = socket.socket(family(address), socket.SOCK_DGRAM), b"x"
                s.bind(("", 40000))
            s.connect((address, 5004))
            print(met(s, data))
            """
        return try client.run("python3", "-c", Probe.python + program, kind.rawValue, address)
            .trimmingCharacters(in: .newlines)
    }

    /// Further addresses of the client's, which the server need not discover.
    func addClients(_ addresses: [String]) throws {
        for address in addresses {
            let own =
                address.contains(":")
                ? [address + "/64", "dev", "zt0", "nodad", "preferred_lft", "0"] : [address + "/24", "dev", "zt0"]
            _ = try Command.run(["ip", "-n", client.name, "address", "add"] + own)
            _ = try Command.run([
                "ip", "-n", server.name, "neighbour", "replace", address, "lladdr", "02:00:00:00:00:01", "dev", "zt0",
                "nud", "permanent",
            ])
        }
    }
}
