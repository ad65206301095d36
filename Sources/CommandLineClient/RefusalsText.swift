/// `ztna refusals` for people: what was blocked lately, and why.
package enum RefusalsText {
    package static func lines(_ answer: RefusalsAnswer, time: TimeText, style: TextStyle) -> [String] {
        var lines: [String] = []
        if answer.refusals.isEmpty {
            lines.append("Nothing was refused lately.")
        }
        for refusal in answer.refusals {
            let other = [refusal.person, refusal.host.map { "on " + $0 }].compactMap { $0 }.map(SafeText.line)
            let address = SafeText.line(refusal.isInbound ? refusal.source : refusal.destination)
            let who = other.isEmpty ? address : other.joined(separator: " ") + " (" + address + ")"
            let service = style.bold(SafeText.line(refusal.service))
            let what = refusal.isInbound ? "\(who) to this device, \(service)" : "this device to \(who), \(service)"
            let times = refusal.count > 1 ? ", \(refusal.count) times" : ""
            lines.append(style.dim(time.second(refusal.time)) + "  " + what + times)
            lines.append("  " + style.yellow("refused:") + " " + SafeText.line(refusal.reason))
        }
        // Most reasons end with what to do.
        if answer.refusals.contains(where: { !$0.reason.contains("administrator") && !$0.reason.contains("ztna login") }
        ) {
            lines += ["", "Access is given by the policy: ask its administrator, and name person, device and service."]
        }
        if answer.unattended > 0 {
            lines.append(
                "\(answer.unattended) attempts came while no agent ran: decided as always, known by number only.")
        }
        if answer.unread > 0 { lines.append("\(answer.unread) packets came too fast to be listed here.") }
        return lines
    }
}
