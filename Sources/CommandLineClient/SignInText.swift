/// What `ztna login` says until the browser is done.
package enum SignInText {
    /// - Parameter opensBrowser: a browser opens on this machine; then the number is only for another device.
    package static func lines(
        _ code: SignInCode, opensBrowser: Bool, showsQRCode: Bool, style: TextStyle
    ) -> [String] {
        let number = "When the page asks, pick " + style.bold(SafeText.line(code.number)) + "."
        var fields = Fields()
        fields.add("Page", SafeText.line(code.verificationURI))
        fields.add("Code", style.bold(SafeText.line(code.userCode)))
        var lines: [String] = []
        if opensBrowser {
            lines += ["Your browser opens to sign you in. If it does not, or on another device:", ""]
        } else {
            lines += ["Sign in with a browser, on any device:", ""]
        }
        lines += fields.lines(style: style)
        lines += ["", "  or at once: " + SafeText.line(code.complete)]
        if showsQRCode {
            let qrCode = QRCode(code.complete)?.lines(style: style)
            lines += [""] + (qrCode ?? ["  (The address is too long for a QR code.)"])
        }
        lines += ["", opensBrowser ? "On another device: " + lowercased(number) : number]
        lines += ["The page names this device's key: " + code.words.map(SafeText.line).joined(separator: " "), ""]
        return lines
    }

    private static func lowercased(_ sentence: String) -> String {
        sentence.prefix(1).lowercased() + sentence.dropFirst()
    }
}
