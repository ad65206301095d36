internal import Identity

/// What many nodes have in common, for those that are read together: each value is held once, and not once for each node.
struct CommonValues {
    private var texts: Set<String> = []
    private var lists: Set<[String]> = []
    private var names: Set<GroupName> = []
    private var groups: Set<Set<GroupName>> = []

    mutating func one(_ text: String) -> String { texts.insert(text).memberAfterInsert }
    mutating func one(_ list: [String]) -> [String] { lists.insert(list).memberAfterInsert }

    mutating func one(_ set: Set<GroupName>) -> Set<GroupName> {
        if let known = groups.firstIndex(of: set) { return groups[known] }
        let common = Set(set.map { names.insert($0).memberAfterInsert })
        groups.insert(common)
        return common
    }
}
