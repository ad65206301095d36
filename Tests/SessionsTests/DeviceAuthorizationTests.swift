import Identity
import Sessions
import Testing

/// One step of a sign-in, as data.
enum Step: CaseIterable, Hashable, Sendable {
    case claim, claimByOther, claimLocal, redirect, takeRedirect, authenticate, approve, approveWrongNumber
    case approveWithoutCode, approveByOther, deny, denyByOther, redeem, redeemWithoutCode, redeemByOtherKey

    /// What came of it: nil when it moved on.
    func take(_ login: inout DeviceAuthorization, now: Int = 200) -> SignInRefusal? {
        let (mine, other) = (Samples.cookie, Samples.otherCookie)
        do throws(SignInRefusal) {
            switch self {
            case .claim: try login.claim(by: Samples.browser(), now: now)
            case .claimByOther: try login.claim(by: Samples.browser(cookie: other), now: now)
            case .claimLocal: try login.claim(by: Samples.browser(local: true), now: now)
            case .redirect: try login.redirect(Samples.redirect, cookieHash: mine, now: now)
            case .takeRedirect: _ = try login.takeRedirect(cookieHash: mine, now: now)
            case .authenticate: try login.authenticate(Samples.signIn, cookieHash: mine, now: now)
            case .approve: try approve(&login, 42, LoopbackCode(hash: Samples.code), mine, now)
            case .approveWrongNumber: try approve(&login, 43, LoopbackCode(hash: Samples.code), mine, now)
            case .approveWithoutCode: try approve(&login, 42, nil, mine, now)
            case .approveByOther: try approve(&login, 42, LoopbackCode(hash: Samples.code), other, now)
            case .deny: try login.deny(cookieHash: mine, now: now)
            case .denyByOther: try login.deny(cookieHash: other, now: now)
            case .redeem: _ = try login.redeem(by: Samples.device, loopbackCodeHash: Samples.code, now: now)
            case .redeemWithoutCode: _ = try login.redeem(by: Samples.device, loopbackCodeHash: nil, now: now)
            case .redeemByOtherKey:
                _ = try login.redeem(by: Samples.otherDevice, loopbackCodeHash: Samples.code, now: now)
            }
            return nil
        } catch { return error }
    }

    private func approve(
        _ login: inout DeviceAuthorization, _ number: Int?, _ code: LoopbackCode?, _ cookie: [UInt8], _ now: Int
    ) throws(SignInRefusal) {
        try login.approve(
            session: Samples.session, person: Samples.person, number: number, loopback: code, cookieHash: cookie,
            now: now)
    }
}

@Suite struct `A device authorization` {
    private static let signedIn: [Step] = [.claim, .redirect, .takeRedirect, .authenticate]
    private static let signedInHere: [Step] = [.claimLocal, .redirect, .takeRedirect, .authenticate]

    @Test func `goes from code to session in the order of the protocol`() throws {
        var login = Samples.login()
        for step in Self.signedIn { #expect(step.take(&login) == nil) }
        #expect(login.signIn(for: Samples.cookie) == Samples.signIn)
        #expect(login.signIn(for: Samples.otherCookie) == nil)
        #expect(Step.approve.take(&login) == nil)
        #expect(login.browser == nil)
        let approval = try login.redeem(by: Samples.device, loopbackCodeHash: nil, now: 300)
        #expect(approval.session == Samples.session)
        #expect(approval.person == Samples.person)
        #expect(approval.signIn == Samples.signIn)
        #expect(login.state == .redeemed(Samples.session))
    }

    @Test func `gives a redirect's secrets out once`() throws {
        var login = Samples.login()
        for step in [Step.claim, .redirect] { #expect(step.take(&login) == nil) }
        #expect(try login.takeRedirect(cookieHash: Samples.cookie, now: 200) == Samples.redirect)
        #expect(Step.takeRedirect.take(&login) == .outOfOrder)
    }

    @Test func `ends when another browser comes with the redirect's state`() {
        var login = Samples.login()
        for step in [Step.claim, .redirect] { #expect(step.take(&login) == nil) }
        #expect(throws: SignInRefusal.anotherBrowser) { try login.takeRedirect(cookieHash: [1], now: 200) }
        #expect(login.state == .denied(.anotherBrowser))
    }

    @Test(
        arguments: [
            // What came before, the step, and why it is refused.
            ([], .redirect, .outOfOrder), ([], .authenticate, .outOfOrder), ([], .approve, .outOfOrder),
            ([], .deny, .outOfOrder), ([], .redeem, .outOfOrder), ([.claim], .takeRedirect, .outOfOrder),
            ([.claim, .claimByOther], .redirect, .anotherBrowser),
            ([.claim, .redirect, .claimByOther], .takeRedirect, .anotherBrowser),
            ([.claim, .redirect, .takeRedirect, .claimByOther], .authenticate, .anotherBrowser),
            ([.claim, .redirect], .authenticate, .outOfOrder), (signedIn, .claim, .outOfOrder),
            (signedIn, .claimByOther, .outOfOrder), (signedIn, .redirect, .outOfOrder),
            (signedIn, .authenticate, .outOfOrder), (signedIn, .approveByOther, .anotherBrowser),
            (signedIn, .denyByOther, .anotherBrowser), (signedIn, .approveWrongNumber, .wrongNumber),
            (signedIn, .redeem, .outOfOrder), (signedIn + [.approveWrongNumber], .approve, .denied),
            (signedIn + [.deny], .approve, .denied), ([.claim, .deny], .redirect, .denied),
            ([.claim, .deny], .claim, .denied), ([.claim, .deny], .redeem, .denied), ([.claim, .deny], .deny, .denied),
            (signedIn + [.approve], .deny, .outOfOrder), (signedIn + [.approve], .approve, .outOfOrder),
            (signedIn + [.approve], .claim, .outOfOrder), (signedIn + [.approve], .redeemByOtherKey, .outOfOrder),
            (signedIn + [.approve, .redeem], .redeem, .outOfOrder),
            (signedIn + [.approve, .redeem], .claim, .outOfOrder),
            (signedInHere, .approveWithoutCode, .outOfOrder),
            (signedInHere + [.approve], .redeemWithoutCode, .outOfOrder),
            (signedInHere + [.approve], .redeemByOtherKey, .outOfOrder),
        ] as [([Step], Step, SignInRefusal)])
    func `refuses a step at another moment or by another party`(
        _ before: [Step], _ step: Step, _ refusal: SignInRefusal
    ) {
        var login = Samples.login()
        for step in before { _ = step.take(&login) }
        let state = login.state
        #expect(step.take(&login) == refusal)
        #expect(login.state == (refusal == .wrongNumber ? .denied(.wrongNumber) : state))
    }

    @Test(arguments: Step.allCases)
    func `takes no step once its time is over`(_ step: Step) {
        for before in [[], Self.signedIn, Self.signedIn + [.approve], [.claim, .deny]] {
            var login = Samples.login()
            for step in before { #expect(step.take(&login) == nil) }
            let state = login.state
            for now in [700, 701, Int.max] { #expect(step.take(&login, now: now) == .expired) }
            #expect(login.state == state)
        }
    }

    @Test func `on the device itself needs no number but the listener's code`() {
        var login = Samples.login()
        for step in Self.signedInHere { #expect(step.take(&login) == nil) }
        #expect(Step.approveWrongNumber.take(&login) == nil)
        #expect(Step.redeemWithoutCode.take(&login) == .outOfOrder)
        #expect(Step.redeem.take(&login) == nil)
    }

    @Test func `takes no browser for local when the command does not listen`() {
        var login = Samples.login(listening: false)
        #expect(Step.claimLocal.take(&login) == .outOfOrder)
        #expect(login.state == .pending)
        #expect(Step.claim.take(&login) == nil)
    }

    @Test func `that failed goes nowhere`() {
        for step in Step.allCases {
            var login = Samples.login()
            login.state = .failed(reason: "unreachable")
            #expect(step.take(&login) == .outOfOrder)
            #expect(login.state == .failed(reason: "unreachable"))
        }
    }
}

/// The rules once more, as a table of who holds what; thousands of random sequences must agree with it.
@Suite struct `A device authorization under random steps` {
    private struct Model {
        enum Stage { case pending, claimed, redirected, authenticated, approved, redeemed, denied }
        var stage = Stage.pending
        var isMine = false
        var isLocal = false

        /// Whether the step is to succeed; moves the model on.
        mutating func take(_ step: Step) -> Bool {
            let isOpen = stage == .pending || stage == .claimed || stage == .redirected
            let isHeld = stage == .claimed || stage == .redirected || stage == .authenticated
            switch step {
            case .claim, .claimByOther, .claimLocal:
                guard isOpen else { return false }
                (stage, isMine, isLocal) = (.claimed, step != .claimByOther, step == .claimLocal)
            case .redirect:
                guard isMine, stage == .claimed || stage == .redirected else { return false }
                stage = .redirected
            case .takeRedirect:
                guard isMine, stage == .redirected else { return false }
                stage = .claimed
            case .authenticate:
                guard isMine, stage == .claimed else { return false }
                stage = .authenticated
            case .approve:
                guard isMine, stage == .authenticated else { return false }
                stage = .approved
            case .approveWrongNumber:
                guard isMine, stage == .authenticated else { return false }
                stage = isLocal ? .approved : .denied
                return isLocal
            case .approveWithoutCode:
                guard isMine, stage == .authenticated, !isLocal else { return false }
                stage = .approved
            case .approveByOther:
                guard !isMine, stage == .authenticated else { return false }
                stage = .approved
            case .deny, .denyByOther:
                guard isHeld, isMine == (step == .deny) else { return false }
                stage = .denied
            case .redeem, .redeemWithoutCode:
                guard stage == .approved, step == .redeem || !isLocal else { return false }
                stage = .redeemed
            case .redeemByOtherKey: return false
            }
            return true
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `follows its rules and is redeemed once`(_ seed: UInt64) {
        var random = Sequence64(seed: seed)
        for _ in 0..<500 {
            var (login, model, redeemed) = (Samples.login(), Model(), 0)
            for _ in 0..<30 {
                // The steps of the protocol more often than the others, so that all stages are reached.
                let path: [Step] = [.claim, .redirect, .takeRedirect, .authenticate, .approve, .redeem]
                let step = (random.next() % 3 == 0 ? Step.allCases : path).randomElement(using: &random) ?? .claim
                let refusal = step.take(&login)
                let isToSucceed = model.take(step)
                #expect((refusal == nil) == isToSucceed, "\(step)")
                if refusal == nil, step == .redeem || step == .redeemWithoutCode { redeemed += 1 }
            }
            #expect(redeemed <= 1)
        }
    }
}
