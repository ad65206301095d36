internal import Cryptography
internal import Identity
internal import SCIM

/// One identity provider's SCIM endpoint: its rules, made once from the configuration.
struct ProvisioningConnection: Sendable {
    let provider: ProviderID
    let configuration: ProvisioningConfiguration
    let service: SCIMService
    let links: AccountLinks

    init(
        _ provider: ProviderID, _ configuration: ProvisioningConfiguration, serverURL: String, cursorKey: [UInt8],
        randomness: Randomness
    ) {
        self.provider = provider
        self.configuration = configuration
        var leniency = configuration.isStrict ? Leniency.strict : .liberal
        switch configuration.omittedMembers {
        case .keep?: leniency.omittedMembers = .keep
        case .clear?: leniency.omittedMembers = .clear
        case nil: break
        }
        service = SCIMService(
            baseURL: Self.url(of: provider, serverURL: serverURL), leniency: leniency, cursorKey: cursorKey,
            makeID: { randomness.identifier() })
        links = AccountLinks(provider: provider, matches: configuration.matches, groups: configuration.groups)
    }

    /// What an administrator gives to the provisioning client.
    static func url(of provider: ProviderID, serverURL: String) -> String { "\(serverURL)/scim/\(provider.text)/v2" }
}
