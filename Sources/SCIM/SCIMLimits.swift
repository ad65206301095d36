/// What one request may cost.
package struct SCIMLimits: Hashable, Sendable {
    /// In bytes; also of a bulk request, which announces it as `maxPayloadSize`.
    package var body = 1 << 20
    package var bulkOperations = 1000
    package var filter = Filter.Limits()
    package var defaultPage = 100
    package var maximumPage = 1000
    /// Members in all groups of one page; the page ends earlier where there are more.
    package var membersInPage = 20_000
    /// Up to here a changed group is answered with its members (200), beyond it with 204.
    package var membersInChangeAnswer = 100
    /// Seconds for which a cursor can be used.
    package var cursorLifetime = 3600

    package init() {}
}
