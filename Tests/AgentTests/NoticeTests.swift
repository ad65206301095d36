import Agent
import Cryptography
import DetachedPrograms
import Foundation
import Glibc
import Synchronization
import Testing

@Suite struct `A notice of a refusal for want of a second factor` {
    private let delivered = Delivered()

    private final class Delivered: Sendable {
        private let notices = Mutex<[StepUpNotice]>([])
        var hosts: [String] { notices.withLock { $0.map(\.need.host) } }
        func add(_ notice: StepUpNotice) { notices.withLock { $0.append(notice) } }
    }

    private final class Clock: Sendable {
        private let time = Mutex(1000)
        var now: Int { time.withLock { $0 } }
        func advance(_ seconds: Int) { time.withLock { $0 += seconds } }
    }

    private func notices(_ clock: Clock) -> StepUpNotices {
        let delivered = delivered
        return StepUpNotices(now: { clock.now }, deliver: { delivered.add($0) })
    }

    @Test func `comes once in ten minutes for one service of one host`() {
        let clock = Clock()
        let notices = notices(clock)
        for _ in 0..<100 { notices.note(StepUpNeed(host: "db", service: "tcp/22")) }
        notices.note(StepUpNeed(host: "db", service: "tcp/23"))
        #expect(delivered.hosts == ["db", "db"])
        clock.advance(599)
        notices.note(StepUpNeed(host: "db", service: "tcp/22"))
        #expect(delivered.hosts.count == 2)
        clock.advance(1)
        notices.note(StepUpNeed(host: "db", service: "tcp/22"))
        #expect(delivered.hosts.count == 3)
    }

    @Test func `comes three times at once and then once a minute, however many hosts there are`() {
        let clock = Clock()
        let notices = notices(clock)
        for host in 0..<50 { notices.note(StepUpNeed(host: "h\(host)", service: "tcp/22")) }
        #expect(delivered.hosts == ["h0", "h1", "h2"])
        clock.advance(60)
        for host in 50..<60 { notices.note(StepUpNeed(host: "h\(host)", service: "tcp/22")) }
        #expect(delivered.hosts.count == 4)
    }

    @Test func `is news again after a step-up, and is forgotten after an hour`() {
        let clock = Clock()
        let notices = notices(clock)
        let need = StepUpNeed(host: "db", service: "tcp/22")
        notices.note(need)
        #expect(notices.last?.need == need)
        notices.forget()
        #expect(notices.last == nil)
        notices.note(need)
        #expect(delivered.hosts.count == 2)
        clock.advance(3600)
        #expect(notices.last == nil)
    }

    @Test func `reaches those who watch, of whom there are sixteen at most`() async {
        let notices = notices(Clock())
        var streams: [AsyncStream<StepUpNotice>] = []
        for _ in 0..<16 {
            if let stream = notices.watch() { streams.append(stream) }
        }
        #expect(streams.count == 16 && notices.watch() == nil)
        notices.note(StepUpNeed(host: "db", service: "tcp/22"))
        for await notice in streams[0] {
            #expect(notice.message == "db (tcp/22) needs a recent sign-in with a second factor.")
            break
        }
        streams.removeAll()
        #expect(notices.watch() != nil)
    }
}

private final class NoticeFolder: Sendable {
    let path = "/tmp/ztna-notice-test-" + Randomness.system.token(9)
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct `A notice on terminals` {
    /// A pseudo-terminal of our own: what is written to it, and its name below /dev/pts.
    private final class Terminal: Sendable {
        let descriptor: Int32
        let name: String

        init() throws {
            descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)
            try #require(descriptor >= 0)
            var (lock, number): (Int32, UInt32) = (0, 0)
            // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
            try #require(ioctl(descriptor, 0x4004_5431, &lock) == 0 && ioctl(descriptor, 0x8004_5430, &number) == 0)
            name = String(number)
        }

        deinit { close(descriptor) }

        func mode(_ mode: mode_t) { _ = chmod("/dev/pts/" + name, mode) }

        var text: String {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &bytes, bytes.count)
            return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : ""
        }
    }

    @Test func `comes where messages are taken, without anything that moves a cursor`() throws {
        let terminal = try Terminal()
        terminal.mode(0o620)
        let terminals = OperatorTerminals(of: [geteuid()])
        #expect(terminals.write(["db\u{1B}[2J\u{9B}1m is refused"], to: [terminal.name]) == 1)
        let text = terminal.text
        #expect(text.contains("db\u{FFFD}[2J\u{FFFD}1m is refused"))
        #expect(!text.contains("\u{1B}"))
    }

    @Test func `does not come where they are not, nor to anybody else`() throws {
        let terminal = try Terminal()
        terminal.mode(0o600)
        #expect(OperatorTerminals(of: [geteuid()]).write(["x"], to: [terminal.name]) == 0)
        terminal.mode(0o620)
        #expect(OperatorTerminals(of: [geteuid() + 1]).write(["x"], to: [terminal.name]) == 0)
        #expect(terminal.text == "")
    }

    @Test func `goes to no file and through no link`() throws {
        let folder = NoticeFolder()
        try #require(mkdir(folder.path, 0o700) == 0)
        let path = folder.path + "/1"
        try #require(close(open(path, O_CREAT | O_WRONLY, 0o620)) == 0)
        chmod(path, 0o620)
        try #require(symlink("/dev/null", folder.path + "/2") == 0)
        #expect(OperatorTerminals(of: [geteuid()], in: folder.path).write(["x"]) == 0)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size == 0)
    }
}

@Suite struct `A notice on the desktop` {
    private let folder = NoticeFolder()
    private let user: UInt32 = geteuid() >= 1000 ? geteuid() : 54_321

    /// `/run/user/UID/bus`, as a session has it.
    private func makeBus(ownedBy owner: UInt32? = nil, asFile: Bool = false) throws {
        _ = mkdir(folder.path, 0o755)
        try #require(mkdir("\(folder.path)/\(user)", 0o700) == 0)
        let path = "\(folder.path)/\(user)/bus"
        if asFile {
            close(open(path, O_CREAT | O_WRONLY, 0o600))
        } else {
            try #require(mknod(path, S_IFSOCK | 0o600, 0) == 0)
        }
        if geteuid() == 0 {
            try #require(chown(path, owner ?? user, owner ?? user) == 0)
            try #require(chown("\(folder.path)/\(user)", user, user) == 0)
        }
    }

    private func programs(
        own: UInt32, operators: Set<UInt32>? = nil, find: (String) -> String? = { "/usr/bin/" + $0 }
    ) -> [DetachedProgram] {
        DesktopNotice(to: operators ?? [0, user], runtimeDirectory: folder.path).programs(
            title: "Title", text: "-e evil\u{1B}[2J; rm -rf / $(id)", own: own, find: find, group: { $0 })
    }

    @Test func `is sent by the person's own rights, in words that no shell reads`() throws {
        try makeBus()
        let program = try #require(programs(own: 0).first)
        #expect(program.words.prefix(3) == ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)"])
        #expect(program.words.suffix(3) == ["--", "Title", "-e evil\u{FFFD}[2J; rm -rf / $(id)"])
        #expect(program.environment?.first == "DBUS_SESSION_BUS_ADDRESS=unix:path=\(folder.path)/\(user)/bus")
        #expect(programs(own: user).first?.words.first == "/usr/bin/notify-send")
    }

    @Test(.enabled(if: geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0, "needs root and setpriv"))
    func `comes from a program of that person's, with nothing of ours`() async throws {
        try makeBus()
        let (script, told) = ("\(folder.path)/notify-send", "\(folder.path)/\(user)/told")
        // Another process writes it: what may be written to by one that this one has just begun does not run (ETXTBSY).
        let text = "#!/bin/sh\n{ id -u; id -g; id -G; env; printf '%s\\n' \"$@\"; } >\(told)\n"
        let written = DetachedProgram(
            words: ["/bin/sh", "-c", "printf %s \"$1\" >\"$2\" && chmod 755 \"$2\"", "sh", text, script],
            environment: ["PATH=/usr/bin:/bin"])
        #expect(await Self.end(of: written) == .well)
        let notice = try #require(programs(own: 0, find: { $0 == "notify-send" ? script : "/usr/bin/" + $0 }).first)
        #expect(await Self.end(of: notice) == .well)
        let lines = try String(contentsOfFile: told, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(lines.prefix(3) == ["\(user)", "\(user)", "\(user)"])
        #expect(lines.contains("DBUS_SESSION_BUS_ADDRESS=unix:path=\(folder.path)/\(user)/bus"))
        #expect(!lines.contains { $0.hasPrefix("HOME=") })
        #expect(lines.suffix(2) == ["Title", "-e evil\u{FFFD}[2J; rm -rf / $(id)"])
    }

    private static func end(of program: DetachedProgram) async -> DetachedProgram.End {
        await withCheckedContinuation { continuation in
            program.start(killingAfter: 120) { continuation.resume(returning: $0) }
        }
    }

    @Test func `is not sent without a bus, without a program, or for somebody else`() throws {
        #expect(programs(own: 0).isEmpty)
        try makeBus()
        #expect(programs(own: 0, find: { _ in nil }).isEmpty)
        #expect(programs(own: 0, find: { $0 == "notify-send" ? "/usr/bin/notify-send" : nil }).isEmpty)
        #expect(programs(own: user &+ 1).isEmpty)
        #expect(programs(own: 0, operators: [0]).isEmpty)
    }

    @Test func `is not sent to what is no socket`() throws {
        try makeBus(asFile: true)
        #expect(programs(own: 0).isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0)) func `is not sent to a socket of another's`() throws {
        try makeBus(ownedBy: 54_322)
        #expect(programs(own: 0).isEmpty)
    }
}
