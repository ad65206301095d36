/// What a command to the server may weigh, on its way from `ztna` by way of the agent.
package enum AdministrativeRequest {
    /// Of a policy file: ten thousand rules take about two.
    package static let maximumPolicyBytes = 4 << 20
    /// As JSON: a policy, each of whose bytes may take two (`\n`), and some.
    package static let maximumBytes = 10 << 20
    /// Of those who are no administrators, whose commands bring no policy along.
    package static let maximumBytesOfOthers = 64 << 10
}
