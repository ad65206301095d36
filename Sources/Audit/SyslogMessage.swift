internal import CivilTime

/// A record as one syslog message, and its frame on a TLS stream.
///
/// `<PRI>1 TIMESTAMP HOSTNAME ztna-server - MSGID [meta sequenceId="n"] JSON`. The message is UTF-8 without a byte order
/// mark. Source: RFC 5424 §6; RFC 5425 §4.3 (octet counting).
package enum SyslogMessage {
    /// 13, "log audit". Source: RFC 5424 §6.2.1.
    static let facility = 13

    /// `body`: the record as JSON in the wanted format; `host`: our host name.
    package static func bytes(_ record: AuditRecord, _ event: AuditEvent, body: [UInt8], host: String) -> [UInt8] {
        let priority = facility * 8 + severity(event.outcome)
        // RFC 5424 §7.3.1: 1 to 2147483647, then 1 again.
        let sequence = max(0, record.sequence - 1) % 2_147_483_647 + 1
        let header =
            "<\(priority)>1 \(RFC3339.text(event.time)) \(name(host)) ztna-server - \(event.stream.rawValue)"
            + " [meta sequenceId=\"\(sequence)\"] "
        return Array(header.utf8) + body
    }

    /// `MSG-LEN SP SYSLOG-MSG`.
    package static func framed(_ message: [UInt8]) -> [UInt8] { Array("\(message.count) ".utf8) + message }

    /// Informational, notice, error. Source: RFC 5424 §6.2.1.
    private static func severity(_ outcome: AuditEvent.Outcome) -> Int {
        switch outcome {
        case .success, .allow: 6
        case .refused, .deny: 5
        case .failure: 3
        }
    }

    /// RFC 5424 §6.2.4: printable ASCII, at most 255; nothing is a hyphen.
    private static func name(_ host: String) -> String {
        let kept = host.unicodeScalars.filter { (0x21...0x7E).contains($0.value) }.prefix(255)
        return kept.isEmpty ? "-" : String(String.UnicodeScalarView(kept))
    }
}

/// A moment as "2026-11-21T13:30:40Z". Source: RFC 3339 §5.6.
package enum RFC3339 {
    /// Moments outside the years 0001 to 9999 are shown as the nearest one inside.
    package static func text(_ seconds: Int) -> String {
        let moment = min(max(seconds, -62_135_596_800), 253_402_300_799)
        let days = CivilDate.floor(moment, 86_400)
        let rest = moment - days * 86_400
        let date = CivilDate(dayNumber: days)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
