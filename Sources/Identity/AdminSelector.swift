/// Who administers this organisation, named as a policy names people.
package enum AdminSelector: Hashable, Sendable {
    case user(EmailAddress)
    case group(GroupName)
}
