internal import Glibc
package import StrictJSON

/// Where a command writes, and what the time is.
package struct Console: Sendable {
    /// For stdout and stderr, without anything added.
    private let write: @Sendable (String) -> Void
    private let writeError: @Sendable (String) -> Void
    package let style: TextStyle
    package let errorStyle: TextStyle
    /// Stderr is a terminal: a line there may be drawn over.
    package let showsProgress: Bool
    package let json: Bool
    package let time: @Sendable () -> TimeText

    package init(
        write: @escaping @Sendable (String) -> Void, writeError: @escaping @Sendable (String) -> Void,
        style: TextStyle = TextStyle(), errorStyle: TextStyle = TextStyle(), showsProgress: Bool = false,
        json: Bool = false, time: @escaping @Sendable () -> TimeText
    ) {
        self.write = write
        self.writeError = writeError
        self.style = style
        self.errorStyle = errorStyle
        self.showsProgress = showsProgress
        self.json = json
        self.time = time
    }

    package func print(_ lines: [String]) { write(lines.map { $0 + "\n" }.joined()) }

    package func print(json value: JSON) { write(SafeText.json(value) + "\n") }

    package func note(_ line: String) { writeError(line + "\n") }

    /// To a terminal's stderr, as it is.
    func draw(_ text: String) { writeError(text) }

    /// Says what went wrong, where this output's reader looks for it; the answer is what the shell is told.
    package func report(_ failure: ClientFailure) -> CommandOutcome {
        if json { print(json: failure.json) } else { note(failure.text(style: errorStyle)) }
        return failure.status
    }
}

extension Console {
    /// The process's own standard streams and clock.
    package static func standard(json: Bool, environment: [String: String]) -> Console {
        Console(
            write: { writeAll($0, to: STDOUT_FILENO) }, writeError: { writeAll($0, to: STDERR_FILENO) },
            style: style(of: STDOUT_FILENO, environment: environment),
            errorStyle: style(of: STDERR_FILENO, environment: environment),
            showsProgress: isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb", json: json,
            time: { TimeText(now: Glibc.time(nil), offset: offsetFromUTC) })
    }

    private static func style(of descriptor: Int32, environment: [String: String]) -> TextStyle {
        guard isatty(descriptor) == 1 else { return TextStyle() }
        // no-color.org: present and not empty.
        let colours = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        var size = winsize()
        let known = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return TextStyle(colours: colours, width: known ? Int(size.ws_col) : 80)
    }

    @Sendable private static func offsetFromUTC(at time: Int) -> Int {
        var seconds = time_t(time)
        var fields = tm()
        return localtime_r(&seconds, &fields) == nil ? 0 : fields.tm_gmtoff
    }

    /// A reader that went away ends the writing; there is nobody left to tell.
    private static func writeAll(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
