import Glibc

/// Standard error as a log's stream: one event, one line, whatever strangers put into it.
///
/// Host names, error codes of a callback and words of an identity provider reach the log. Line breaks would let their
/// sender write events of their own, escape sequences would talk to the operator's terminal, and direction marks would
/// show another text than the one logged: all of them are written as escapes. Source: CWE-117, CWE-150.
package struct OneLineEvents: TextOutputStream, Sendable {
    package init() {}

    package mutating func write(_ event: String) {
        var bytes = Array(Self.line(event).utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }

    /// The event as a line of visible text, with the one line feed at its end.
    package static func line(_ event: String) -> String {
        var line = ""
        var scalars = event.unicodeScalars[...]
        if scalars.last == "\n" { scalars.removeLast() }
        for scalar in scalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: line += escape(scalar)
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line + "\n"
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        }
    }
}
