internal import Wire

/// `ztna status` for people.
package enum StatusText {
    package static func lines(_ status: StatusAnswer, time: TimeText, style: TextStyle) -> [String] {
        var fields = Fields()
        fields.add("Person", status.person.map(SafeText.line))
        fields.add("Session", status.sessionExpiresAt.map { "until " + time.until($0) })
        fields.add("Server", server(status, time: time))
        fields.add("Device", status.host.map(SafeText.line))
        fields.add("Key", status.words.map(SafeText.line).joined(separator: " "))
        fields.add("Addresses", status.addresses.isEmpty ? nil : list(status.addresses))
        fields.add("Tunnel", tunnel(status))
        fields.add("Enforcing", enforcing(status, time: time))
        fields.add("Authorized", status.authorizationExpiresAt.map { "until " + time.until($0) })
        if status.state == .connected || status.state == .offline { fields.add("Peers", String(status.peers)) }
        return [headline(status, style: style), ""] + fields.lines(style: style)
            + warnings(status, time: time, style: style)
    }

    /// What a sign-in led to.
    package static func connection(_ status: StatusAnswer, time: TimeText, style: TextStyle) -> [String] {
        var fields = Fields()
        fields.add("Addresses", status.addresses.isEmpty ? nil : list(status.addresses))
        fields.add("Tunnel", tunnel(status))
        fields.add("Enforcing", enforcing(status, time: time))
        fields.add("Peers", String(status.peers))
        return [headline(status, style: style)] + fields.lines(style: style)
            + warnings(status, time: time, style: style)
    }

    private static func list(_ names: [String]) -> String { names.map(SafeText.line).joined(separator: ", ") }

    private static func headline(_ status: StatusAnswer, style: TextStyle) -> String {
        switch status.state {
        case .signedOut: style.bold("Not signed in.") + " Sign in with: ztna login"
        case .connecting: style.yellow(style.bold("Connecting …"))
        case .connected: style.green(style.bold("Connected."))
        case .offline: style.yellow(style.bold("Offline.")) + " What is authorized goes on until it expires."
        case .down: style.bold("Switched off.") + " Switch on with: ztna up"
        }
    }

    private static func server(_ status: StatusAnswer, time: TimeText) -> String? {
        guard let server = status.server.map(SafeText.line) else { return nil }
        switch status.control {
        case "connected":
            return server + (status.controlSince.map { ", connected since " + time.since($0) } ?? ", connected")
        case "connecting": return server + ", connecting"
        case "offline":
            let since = status.controlSince.map { " since " + time.since($0) } ?? ""
            let left = status.nextAttemptAt.map { max(0, $0.subtractingReportingOverflow(time.now).partialValue) }
            return server + ", out of reach" + since + (left.map { ", next attempt in \($0) s" } ?? "")
        default: return server
        }
    }

    private static func tunnel(_ status: StatusAnswer) -> String {
        let state = status.tunnel == "off" ? "off (the agent runs without a tunnel)" : SafeText.line(status.tunnel)
        return state + (status.interface.map { " on " + SafeText.line($0) } ?? "")
    }

    private static func enforcing(_ status: StatusAnswer, time: TimeText) -> String {
        let checked = status.checkedAt.map { ", checked " + time.ago($0) } ?? ""
        return (status.isEnforcing ? "yes" : "no") + checked
    }

    /// One line each: what is wrong, and what to do.
    private static func warnings(_ status: StatusAnswer, time: TimeText, style: TextStyle) -> [String] {
        var warnings: [String] = []
        if let problem = status.problem {
            warnings.append([problem, status.remedy ?? ""].map(SafeText.line).joined(separator: " "))
        }
        if status.state == .connected, !status.isEnforcing, status.tunnel != "off", status.problem == nil {
            warnings.append("The policy is not enforced on this device yet. If it stays so: journalctl -u ztna-agent")
        }
        if let name = status.withheldName.map(SafeText.line), let host = status.host.map(SafeText.line) {
            warnings.append(
                "The policy speaks of a device called \(name), so this one is called \(host). If it is that device, "
                    + "ask an administrator to run: ztna admin rename \(host) \(name)")
        }
        if let end = status.sessionExpiresAt {
            let left = end.subtractingReportingOverflow(time.now).partialValue
            if left <= 0 {
                warnings.append("The session is over. Sign in again with: ztna login")
            } else if left < 86_400 {
                warnings.append("The session ends \(time.until(end)). Renew it with: ztna login --force")
            }
        }
        if let wanted = status.stepUpWanted {
            warnings.append(
                [wanted.message, wanted.remedy].map(SafeText.line).joined(separator: " ") + " ("
                    + time.ago(wanted.time) + ")")
        }
        guard !warnings.isEmpty else { return [] }
        return [""] + warnings.map { style.yellow("!") + " " + $0 }
    }
}
