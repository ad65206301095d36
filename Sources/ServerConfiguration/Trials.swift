/// What a start would find out beyond reading files, tried out before it: each answers what is wrong, in words, or nil.
package struct Trials: Sendable {
    /// Whether the state directory can be made, or is one that can be used.
    package let state: @Sendable (_ path: String) -> String?
    /// Whether an export can append to the file, or make it.
    package let append: @Sendable (_ path: String) -> String?
    package let tls: @Sendable (_ certificate: String, _ key: String) -> String?
    package let places: @Sendable (_ path: String) -> String?

    package init(
        state: @escaping @Sendable (_ path: String) -> String?, append: @escaping @Sendable (_ path: String) -> String?,
        tls: @escaping @Sendable (_ certificate: String, _ key: String) -> String?,
        places: @escaping @Sendable (_ path: String) -> String?
    ) {
        self.state = state
        self.append = append
        self.tls = tls
        self.places = places
    }

    /// For a start, which finds out by itself.
    package static var none: Trials {
        Trials(state: { _ in nil }, append: { _ in nil }, tls: { _, _ in nil }, places: { _ in nil })
    }
}
