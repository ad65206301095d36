/// How much a document may hold, counted before it is parsed. The usual values fit a sign-in response with 1,000 groups.
package struct XMLLimits: Hashable, Sendable {
    package var maximumBytes: Int
    package var depth: Int
    /// Elements, comments and CDATA sections.
    package var elements: Int
    package var attributes: Int
    package var attributesOfElement: Int
    package var namespaceDeclarations: Int
    /// Declarations on one element and those around it.
    package var namespacesInScope: Int

    package init(
        maximumBytes: Int = 262_144, depth: Int = 48, elements: Int = 2_048, attributes: Int = 4_096,
        attributesOfElement: Int = 64, namespaceDeclarations: Int = 2_560, namespacesInScope: Int = 64
    ) {
        self.maximumBytes = maximumBytes
        self.depth = min(depth, 200)
        self.elements = elements
        self.attributes = attributes
        self.attributesOfElement = attributesOfElement
        self.namespaceDeclarations = namespaceDeclarations
        self.namespacesInScope = namespacesInScope
    }

    /// For metadata, which an administrator points us to and which may describe a whole federation.
    package static let metadata = XMLLimits(
        maximumBytes: 4_194_304, elements: 65_536, attributes: 131_072, namespaceDeclarations: 65_536)
}
