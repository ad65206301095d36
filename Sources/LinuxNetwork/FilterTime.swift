/// A moment on the wall clock, as fine as the kernel's timeouts.
package struct FilterTime: Hashable, Sendable, Comparable, ExpressibleByIntegerLiteral {
    /// Since the epoch.
    package let seconds: Int
    /// Of the second that has begun: 0…999.
    package let milliseconds: Int

    package init(_ seconds: Int, milliseconds: Int = 0) {
        self.seconds = seconds
        self.milliseconds = min(max(milliseconds, 0), 999)
    }

    package init(integerLiteral value: Int) { self.init(value) }

    package func advanced(byMilliseconds more: Int) -> FilterTime {
        let sum = milliseconds + max(more, 0)
        return FilterTime(seconds + sum / 1000, milliseconds: sum % 1000)
    }

    package static func < (left: FilterTime, right: FilterTime) -> Bool {
        (left.seconds, left.milliseconds) < (right.seconds, right.milliseconds)
    }
}
