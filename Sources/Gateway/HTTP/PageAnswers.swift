internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import SAML
internal import SCIM
internal import Sessions
internal import Store
internal import WebAddresses

/// The ends of a person's path, good and bad, in words; the log gets the reason, the page a reference to it.
struct PageAnswers: Sendable {
    let pages: Pages
    let services: GatewayServices
    let call: DeviceCall

    /// Runs one step and turns whatever it throws into a page.
    func guarded(
        _ request: Request, _ context: GatewayContext, _ work: () async throws -> Response
    ) async -> Response {
        do { return try await work() } catch let refusal as SignInRefusal { return over(refusal) } catch let failure
            as BrowserRequest.Failure
        { return badForm(failure, request, context) } catch let failure as ProviderFailure {
            return providerFailed(
                failure.fault, provider: failure.provider, from: call.address(of: request, context))
        } catch let error as StoreError {
            return failed(
                reason: error.explanation, status: error == .overloaded ? .serviceUnavailable : .internalServerError)
        } catch { return failed(reason: "\(error)", status: .internalServerError) }
    }

    func over(_ refusal: SignInRefusal) -> Response {
        switch refusal {
        case .expired:
            return outcome(
                .expired, "This sign-in has expired", "A code is good for ten minutes.",
                remedy: "Run `ztna login` again.", status: .gone)
        case .denied:
            return outcome(
                .denied, "This sign-in was refused", "The device has not been given access.",
                remedy: "If you meant to sign in, run `ztna login` again.", status: .forbidden)
        case .wrongNumber:
            return outcome(
                .denied, "That was not the number", "To be safe, this sign-in has been stopped.",
                remedy:
                    "Run `ztna login` again and pick the number that your own terminal shows. If somebody sent you here, tell your administrator.",
                status: .forbidden)
        case .inactive:
            return outcome(
                .denied, "Your account is switched off here",
                "Your identity provider knows you, but you may not use this network.",
                remedy: "Ask your administrator.", status: .forbidden)
        case .unknownToDirectory:
            return outcome(
                .denied, "You are not in this organisation's directory",
                "Your identity provider knows you, but has not made you known here.",
                remedy:
                    "Ask your administrator to assign you to this application at the identity provider, then run `ztna login` again.",
                status: .forbidden)
        case .renewal(let refusal):
            let (title, message, remedy) = refusal.page
            return outcome(.failed, title, message, remedy: remedy, status: .forbidden)
        case .anotherBrowser, .outOfOrder:
            return outcome(
                .failed, "There is no sign-in here to continue",
                "It was finished, started in another browser, or has expired.", remedy: "Run `ztna login` again.",
                status: .conflict)
        }
    }

    func denied() -> Response {
        outcome(
            .denied, "Stopped", "The device has not been given access, and nothing has changed.",
            remedy: "If somebody asked you to enter that code, tell your administrator.")
    }

    func allowed(deviceName: String?, isRenewal: Bool = false) -> Response {
        outcome(
            .allowed, isRenewal ? "Your sign-in is renewed" : "You are signed in",
            isRenewal
                ? "Nothing on your device was interrupted: try again what was refused. You can close this window."
                : "Your device is connecting now. You can close this window.",
            deviceName: deviceName, cookies: [SignInCookie.signIn.clearing, SignInCookie.local.clearing])
    }

    func tooManyCodes(wait: Int) -> Response {
        var response = outcome(
            .failed, "Too many codes", "Several codes were entered in a short time.",
            remedy: "Wait \(wait) seconds, then try again.", status: .tooManyRequests)
        response.headers.set(.retryAfter, String(wait))
        return response
    }

    func tooManyMessages(wait: Int) -> Response {
        var response = outcome(
            .failed, "Too many messages", "Many messages came from your network in a short time.",
            remedy: "Wait \(wait) seconds, then try again.", status: .tooManyRequests)
        response.headers.set(.retryAfter, String(wait))
        return response
    }

    /// `authorization`: the sign-in that it ends in, where one is known. `address`: whose request it was, where anybody can
    /// cause it.
    func providerFailed(
        _ fault: ProviderFault, provider: ProviderID, of authorization: DeviceAuthorization? = nil,
        from address: String? = nil
    ) -> Response {
        if let authorization {
            services.recorder.note(
                .providerAnswered, of: authorization, provider: provider, refused: fault.evidence)
        } else {
            services.recorder.noteStranger(.providerAnswered, refused: fault.evidence, provider: provider)
        }
        let reference = services.randomness.token(6)
        var facts: Logger.Metadata = [
            "provider": "\(provider)", "reason": "\(fault.explanation)", "reference": "\(reference)",
        ]
        if let rule = fault.ruleName { facts["rule"] = "\(rule)" }
        if let address {
            services.refusals.note(.warning, "sign-in at provider failed", facts, from: address, now: services.clock())
        } else {
            services.logger.warning("sign-in at provider failed", metadata: facts)
        }
        let message = fault.message
        return outcome(
            .failed, "The sign-in did not succeed", message.text, remedy: message.remedy, reference: reference,
            status: fault == .overloaded ? .serviceUnavailable : .badRequest)
    }

    /// A person whom their provider's portal has sent, or who comes to one of SAML's addresses by themselves.
    func unsolicited(status: HTTPResponse.Status) -> Response {
        outcome(
            .failed, "There is no sign-in here to continue", "A sign-in starts on the device that is to be connected.",
            remedy: "Run `ztna login` there.", status: status)
    }

    /// `provider`: where the sign-in has ended, too, by its own word.
    func loggedOut(of provider: String?) -> Response {
        outcome(
            .signedOut, "You are signed out",
            provider.map { "Your sign-in at \($0) has ended, too." }
                ?? "Your devices here are signed out. Your identity provider may still know you.")
    }

    func logoutOver() -> Response {
        outcome(
            .expired, "There is nothing to sign out of here",
            "The link is good once, within ten minutes of `ztna logout`.",
            remedy: "To end the sign-in at your identity provider, sign out on its own page.", status: .gone)
    }

    func logoutRefused(_ fault: ProviderFault, provider: ProviderID) -> Response {
        let reference = services.randomness.token(6)
        var facts: Logger.Metadata = [
            "provider": "\(provider)", "reason": "\(fault.explanation)", "reference": "\(reference)",
        ]
        if let rule = fault.ruleName { facts["rule"] = "\(rule)" }
        services.logger.warning("logout message refused", metadata: facts)
        services.recorder.noteStranger(.logoutMessage, refused: fault.evidence, provider: provider)
        return outcome(
            .failed, "Nobody has been signed out", "Your identity provider's message could not be accepted.",
            remedy: "Tell your administrator the reference below: the server's log has the reason.",
            reference: reference, status: fault == .overloaded ? .serviceUnavailable : .badRequest)
    }

    func testOver() -> Response {
        outcome(
            .expired, "There is no test here", "Its link is good for ten minutes, once, and for one browser.",
            remedy: "Run `ztna-server saml test` again.", status: .gone)
    }

    func greeting(from provider: String) -> Response {
        outcome(
            .signedOut, "Hello", "\(provider) knows you. Nothing has been signed in here: that starts on your device.",
            remedy: "Run `ztna login` on the device that you want to connect.")
    }

    func failed(reason: String, status: HTTPResponse.Status) -> Response {
        let reference = services.randomness.token(6)
        services.logger.error("page failed", metadata: ["reason": "\(reason)", "reference": "\(reference)"])
        return outcome(
            .failed, "The server could not do that", "Nothing has been changed.",
            remedy: "Try again in a minute. If it stays so, tell your administrator.", reference: reference,
            status: status)
    }

    private func badForm(
        _ failure: BrowserRequest.Failure, _ request: Request, _ context: GatewayContext
    ) -> Response {
        services.refusals.note(
            .notice, "form refused",
            ["path": "\(SCIMText.printable(request.uri.path))", "reason": "\(failure)"],
            from: call.address(of: request, context), now: services.clock())
        switch failure {
        case .tooLarge:
            return outcome(.failed, "That was too much", "The form is larger than 64 KiB.", status: .contentTooLarge)
        case .malformed:
            return outcome(.failed, "That form could not be read", "It is malformed.", status: .badRequest)
        case .forged:
            return outcome(
                .failed, "This form is not ours, or is old",
                "Cookies may be switched off, or the page was open too long.",
                remedy: "Allow cookies for this site and run `ztna login` again.", status: .forbidden)
        }
    }

    func onward(_ page: OnwardPage, to url: String) -> Response {
        Answer.page(pages.onward(page), continueTo: url)
    }

    /// On to another site, in the way that the message there travels.
    func onward(to name: String, message: String, _ departure: Departure) -> Response {
        switch departure {
        case .address(let url):
            return onward(
                OnwardPage(title: "Taking you to \(name)", message: message, link: "Continue to \(name)", url: url),
                to: url)
        case .form(let form):
            let page = PostOnwardPage(
                title: "Continue to \(name)", message: message, button: "Continue to \(name)", action: form.action.text,
                fields: form.fields)
            return Answer.page(pages.postOnward(page), formsTo: form.action.origin)
        }
    }

    func facts(_ authorization: DeviceAuthorization, now: Int) -> DeviceFacts {
        let asking = authorization.asking
        let hash = Base64URL.decode(authorization.device.thumbprint) ?? []
        let minutes = max(0, now - authorization.createdAt) / 60
        return DeviceFacts(
            name: asking.hostName, operatingSystem: asking.operatingSystem, address: asking.address,
            requestedAt: UTCText.text(authorization.createdAt),
            requestedAgo: minutes == 0 ? "just now" : minutes == 1 ? "1 minute ago" : "\(minutes) minutes ago",
            fingerprintWords: FingerprintWords.words(of: hash),
            fingerprint: String(authorization.device.thumbprint.prefix(11)),
            userCode: services.secrets.userCode(of: authorization.id).description)
    }

    private func outcome(
        _ kind: OutcomePage.Kind, _ title: String, _ message: String, remedy: String? = nil, reference: String? = nil,
        deviceName: String? = nil, status: HTTPResponse.Status = .ok, cookies: [String] = []
    ) -> Response {
        let page = OutcomePage(
            kind: kind, title: title, message: message, remedy: remedy, reference: reference, deviceName: deviceName)
        return Answer.page(pages.outcome(page), status: status, cookies: cookies)
    }
}
