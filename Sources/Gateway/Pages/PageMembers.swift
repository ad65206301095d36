import Mustache

/// A page's values by the names that its template uses; nil for a name it does not have, or has no value for.
///
/// The template engine would find them by reflection, which costs more than all else that a sign-in does.
protocol PageMembers: Sendable {
    func member(_ name: String) -> Any?
}

/// A page, or a part of one, as the template engine takes it.
struct Shown<Page: PageMembers>: MustacheParent {
    let page: Page
    func child(named name: String) -> Any? { page.member(name) }
}

extension EnterCodePage: PageMembers {
    func member(_ name: String) -> Any? {
        switch name {
        case "csrf": csrf
        case "code": code
        case "isPrefilled": isPrefilled
        case "problem": problem
        default: nil
        }
    }
}

extension RequestPage: PageMembers {
    func member(_ name: String) -> Any? {
        switch name {
        case "csrf": csrf
        case "facts": Shown(page: facts)
        case "providers": providers.map { Shown(page: $0) }
        case "isOnlyChoice": isOnlyChoice
        case "emailRouting": emailRouting
        case "email": email
        case "isElsewhere": isElsewhere
        case "isRenewal": isRenewal
        case "problem": problem
        default: nil
        }
    }
}

extension RequestPage.Provider: PageMembers {
    func member(_ name: String) -> Any? {
        switch name {
        case "id": id
        case "label": label
        default: nil
        }
    }
}

extension ConfirmPage: PageMembers {
    func member(_ name: String) -> Any? {
        switch name {
        case "csrf": csrf
        case "facts": Shown(page: facts)
        case "person": person
        case "email": email
        case "providerName": providerName
        case "numbers": numbers
        case "asksForNumber": asksForNumber
        case "isRenewal": isRenewal
        case "problem": problem
        default: nil
        }
    }
}

extension OutcomePage: PageMembers {
    func member(_ name: String) -> Any? {
        switch name {
        case "kind": kind
        case "title": title
        case "message": message
        case "remedy": remedy
        case "reference": reference
        case "deviceName": deviceName
        default: nil
        }
    }
}

extension LandingPage: PageMembers {
    func member(_ name: String) -> Any? { name == "serverURL" ? serverURL : nil }
}

extension OnwardPage: PageMembers {
    func member(_ name: String) -> Any? {
        switch name {
        case "title": title
        case "message": message
        case "link": link
        case "url": url
        default: nil
        }
    }
}

extension DeviceFacts: PageMembers {
    func member(_ name: String) -> Any? {
        switch name {
        case "name": self.name
        case "operatingSystem": operatingSystem
        case "address": address
        case "requestedAt": requestedAt
        case "requestedAgo": requestedAgo
        case "fingerprintWords": fingerprintWords
        case "fingerprint": fingerprint
        case "userCode": userCode
        default: nil
        }
    }
}
