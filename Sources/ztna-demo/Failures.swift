/// Why a step did not do what it says, in words for whoever ran the demo.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
