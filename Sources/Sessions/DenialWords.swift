extension DeviceAuthorization.Denial {
    /// For the person's terminal: who said no, and what to do.
    package var explanation: String {
        switch self {
        case .person:
            "the sign-in was refused on its page in the browser; if that was not you, tell your administrator, else run ztna login again"
        case .wrongNumber:
            "the sign-in was stopped, as a wrong number was picked in the browser; run ztna login again and pick the number of this terminal"
        case .anotherBrowser:
            "the sign-in was stopped, as another browser went on with it than had begun; run ztna login again and stay in one browser"
        case .unknownToDirectory:
            "your organisation's directory does not know you here; ask your administrator to assign you to this application at the identity provider, then run ztna login again"
        case .inactive: "your account is switched off here; ask your administrator"
        case .signedOut: "the identity provider has signed you out meanwhile; run ztna login again"
        case .withdrawn: "the device has taken its sign-in back; run ztna login again"
        }
    }
}
