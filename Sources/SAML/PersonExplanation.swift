extension SAMLError {
    /// All that the browser is told: which rule was broken, and above all what a decryption said, is for the log alone.
    ///
    /// The status is the provider's word to the person, unsigned perhaps, and in our sentences.
    package var personExplanation: String {
        switch self {
        case .status(let status): status.personExplanation
        case .wrongDomain: "Your account does not belong to this organisation."
        case .noStableID: "Your organisation's sign-in does not say who you are. Ask your administrator."
        case .unsolicited: "Start the sign-in on your device, with `ztna login`."
        default: "Your organisation's answer could not be accepted. Ask your administrator to look at the log."
        }
    }
}
