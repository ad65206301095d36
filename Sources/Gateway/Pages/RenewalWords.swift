internal import Sessions

/// What the browser is told of a sign-in that was not renewed; its device hears the name of the reason, too.
extension RenewalRefusal {
    var page: (title: String, message: String, remedy: String) {
        switch self {
        case .anotherPerson:
            (
                "You are somebody else here",
                "This device is signed in as another person than the one who came back from the identity provider. Nothing has changed.",
                "Sign out at your identity provider and run `ztna login --step-up` again, as the person of the device. To change the person, run `ztna login --force`."
            )
        case .notRecent:
            (
                "You were not asked to sign in again",
                "A new sign-in was asked for, and your identity provider answered with an old one.",
                "Sign out at your identity provider and run `ztna login --step-up` again. If it stays so, tell your administrator: not-recent."
            )
        case .timeUnknown:
            (
                "Nobody says when you signed in",
                "A new sign-in was asked for, and your identity provider does not say when it was.",
                "Tell your administrator: time-unknown (auth_time is missing in the ID token)."
            )
        case .noSecondFactor:
            (
                "There was no second factor",
                "Your identity provider did not say that you used one, or cannot ask for one.",
                "Run `ztna login --step-up` again and use a second factor there. If you did, tell your administrator: no-second-factor."
            )
        case .sessionOver:
            (
                "The session is over", "The one that was to be renewed has ended.",
                "Run `ztna login`."
            )
        }
    }
}
