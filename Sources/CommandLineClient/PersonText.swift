/// `ztna whoami` for people.
package enum PersonText {
    package static func lines(_ answer: PersonAnswer, time: TimeText, style: TextStyle) -> [String] {
        var fields = Fields()
        fields.add("Groups", list(answer.groups, none: "none"))
        fields.add("Signed in", "through " + SafeText.line(answer.provider) + proof(answer, time: time))
        fields.add("Session", "until " + time.until(answer.sessionExpiresAt))
        fields.add("Authorized", "until " + time.until(answer.authorizationExpiresAt))
        fields.add("Server", SafeText.line(answer.server))
        fields.add("Device", SafeText.line(answer.host) + (answer.tags.isEmpty ? "" : ", " + list(answer.tags)))
        fields.add("Addresses", list(answer.addresses, none: "none"))
        fields.add("Key", answer.words.map(SafeText.line).joined(separator: " "))
        return [style.bold(SafeText.line(answer.person)), ""] + fields.lines(style: style)
    }

    /// The line that a sign-in ends with.
    package static func signedIn(_ answer: PersonAnswer, time: TimeText, style: TextStyle) -> String {
        let groups = answer.groups.isEmpty ? "no groups" : "groups: " + list(answer.groups)
        return style.green("Signed in") + " as " + style.bold(SafeText.line(answer.person))
            + " (\(groups)), until \(time.moment(answer.sessionExpiresAt))."
    }

    /// The line that a step-up ends with.
    package static func renewed(_ answer: PersonAnswer, time: TimeText, style: TextStyle) -> String {
        style.green("Renewed:") + " " + style.bold(SafeText.line(answer.person))
            + (answer.mfaAt.map { ", second factor " + time.ago($0) } ?? "")
            + ". Nothing was interrupted: try again what was refused."
    }

    private static func proof(_ answer: PersonAnswer, time: TimeText) -> String {
        let at = answer.authTime.map { ", " + time.moment($0) } ?? ""
        return at + (answer.mfaAt.map { ", second factor " + time.ago($0) } ?? ", no second factor known")
    }

    private static func list(_ names: [String], none: String = "") -> String {
        names.isEmpty ? none : names.map(SafeText.line).joined(separator: ", ")
    }
}
