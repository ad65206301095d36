package import Audit
package import Cryptography
package import HTTPClient
package import Identity
package import Logging
package import NetworkAddresses
package import Store
package import Wire

/// Everything the gateway reaches: passed in, so that each has another form in a test or in the bench.
package struct GatewayServices: Sendable {
    package var store: any Store
    package var signer: any Signer
    package var secrets: GatewaySecrets
    package var fetch: ProviderFetch
    package var nodes: NodeService
    /// Needed when one of the providers speaks SAML.
    package var saml: SAMLServices?
    /// Whole seconds since the epoch.
    package var clock: @Sendable () -> Int
    package var randomness: Randomness
    package var logger: Logger
    /// Where evidence goes.
    package let audit: any AuditSink
    let recorder: SignInRecorder
    let refusals: RefusalLines

    package init(
        store: any Store, signer: any Signer, secrets: GatewaySecrets, fetch: ProviderFetch, nodes: NodeService,
        saml: SAMLServices? = nil, clock: @escaping @Sendable () -> Int, randomness: Randomness,
        audit: any AuditSink = NoAudit(), logger: Logger
    ) {
        self.store = store
        self.signer = signer
        self.secrets = secrets
        self.fetch = fetch
        self.nodes = nodes
        self.saml = saml
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        self.audit = audit
        recorder = SignInRecorder(sink: audit, clock: clock)
        refusals = RefusalLines(logger: logger)
    }
}

/// One request to an identity provider, under that provider's own limits (its CA file, whether it may be private).
package struct ProviderFetch: Sendable {
    package var send: @Sendable (ProviderID, HTTPRequest) async throws(HTTPError) -> HTTPResponse

    package init(send: @escaping @Sendable (ProviderID, HTTPRequest) async throws(HTTPError) -> HTTPResponse) {
        self.send = send
    }
}

/// What the coordinator does for a device that has shown its access token.
package struct NodeService: Sendable {
    /// Where a netmap stream was cut off.
    package struct Resumption: Hashable, Sendable {
        package var epoch: String
        package var sequence: Int

        package init(epoch: String, sequence: Int) {
            self.epoch = epoch
            self.sequence = sequence
        }
    }

    /// A refusal with the name that the wire carries and words for its reader.
    package struct Refusal: Error, Hashable, Sendable {
        package var name: ControlErrorName
        package var status: Int
        package var explanation: String

        package init(name: ControlErrorName, status: Int, explanation: String) {
            self.name = name
            self.status = status
            self.explanation = explanation
        }
    }

    package typealias Messages = any AsyncSequence<NetmapMessage, Never> & Sendable

    package var register:
        @Sendable (SessionID, PersonID, Ed25519PublicKey, _ registration: String) async throws(Refusal) ->
            RegistrationResponse
    /// Ends when the session does, when the reader's task is cancelled, or when another stream takes over.
    /// The address is the client's, as limits and logs see it; nil when it is none, as for a call within the process.
    package var netmap: @Sendable (SessionID, DeviceID, Resumption?, IPAddress?) async throws(Refusal) -> Messages

    /// A device under a good session has asked for anything from there.
    package var contact: @Sendable (SessionID, IPAddress) async -> Void

    /// How evidence names the person of a node that was just registered, where that is in memory.
    package var label: @Sendable (_ node: String) async -> String?

    package init(
        register:
            @escaping @Sendable (SessionID, PersonID, Ed25519PublicKey, _ registration: String) async throws(Refusal)
            -> RegistrationResponse,
        netmap:
            @escaping @Sendable (SessionID, DeviceID, Resumption?, IPAddress?) async throws(Refusal) -> Messages,
        contact: @escaping @Sendable (SessionID, IPAddress) async -> Void = { _, _ in },
        label: @escaping @Sendable (_ node: String) async -> String? = { _ in nil }
    ) {
        self.register = register
        self.netmap = netmap
        self.contact = contact
        self.label = label
    }
}
