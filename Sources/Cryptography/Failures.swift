package enum CryptographyError: Error, Hashable, Sendable {
    case outOfLockedMemory
    /// Not a key of the named kind: wrong length, not on the curve, or below the size we accept.
    case invalidKey
    /// Not an X.509 certificate, or a file that holds none.
    case invalidCertificate
    case randomnessUnavailable
}
