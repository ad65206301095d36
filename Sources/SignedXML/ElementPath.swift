/// Where an element is in its document: the way from the root, by indices among child elements.
package struct ElementPath: Hashable, Sendable {
    package let indices: [Int]

    package init(_ indices: [Int]) { self.indices = indices }

    package static let root = ElementPath([])

    package func child(_ index: Int) -> ElementPath { ElementPath(indices + [index]) }
}

extension XMLElement {
    /// The element at the end of a path that begins at this one.
    package func element(at path: ElementPath) -> XMLElement? {
        var element = self
        for index in path.indices {
            let children = element.children
            guard children.indices.contains(index) else { return nil }
            element = children[index]
        }
        return element
    }
}
