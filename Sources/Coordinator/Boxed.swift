/// A large value of its own allocation: a dictionary keeps room for more entries than it has, and moves them when it grows.
final class Boxed<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
