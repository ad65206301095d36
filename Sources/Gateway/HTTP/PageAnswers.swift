internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import Sessions
internal import Store

/// The ends of a person's path, good and bad, in words; the log gets the reason, the page a reference to it.
struct PageAnswers: Sendable {
    let pages: Pages
    let services: GatewayServices

    /// Runs one step and turns whatever it throws into a page.
    func guarded(_ work: () async throws -> Response) async -> Response {
        do { return try await work() } catch let refusal as SignInRefusal { return over(refusal) } catch let failure
            as BrowserRequest.Failure
        { return badForm(failure) } catch let error as StoreError {
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

    func allowed(deviceName: String?) -> Response {
        outcome(
            .allowed, "You are signed in", "Your device is connecting now. You can close this window.",
            deviceName: deviceName, cookies: [SignInCookie.signIn.clearing, SignInCookie.local.clearing])
    }

    func tooManyCodes(wait: Int) -> Response {
        var response = outcome(
            .failed, "Too many codes", "Several codes were entered in a short time.",
            remedy: "Wait \(wait) seconds, then try again.", status: .tooManyRequests)
        response.headers.set(.retryAfter, String(wait))
        return response
    }

    func providerFailed(_ fault: ProviderFault, provider: ProviderID) -> Response {
        let reference = services.randomness.token(6)
        services.logger.warning(
            "sign-in at provider failed",
            metadata: ["provider": "\(provider)", "reason": "\(fault.explanation)", "reference": "\(reference)"])
        let message = fault.message
        return outcome(
            .failed, "The sign-in did not succeed", message.text, remedy: message.remedy, reference: reference,
            status: .badRequest)
    }

    func failed(reason: String, status: HTTPResponse.Status) -> Response {
        let reference = services.randomness.token(6)
        services.logger.error("page failed", metadata: ["reason": "\(reason)", "reference": "\(reference)"])
        return outcome(
            .failed, "The server could not do that", "Nothing has been changed.",
            remedy: "Try again in a minute. If it stays so, tell your administrator.", reference: reference,
            status: status)
    }

    private func badForm(_ failure: BrowserRequest.Failure) -> Response {
        services.logger.notice("form refused", metadata: ["reason": "\(failure)"])
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
            userCode: authorization.userCode.description)
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
