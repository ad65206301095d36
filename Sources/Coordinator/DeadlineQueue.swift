/// What is due when: one deadline for each id, earliest first, as a binary heap.
///
/// A deadline that was replaced or removed stays in the heap until its time comes, and is passed over then.
struct DeadlineQueue<ID: Hashable & Sendable>: Sendable {
    private var heap: [(at: Int, id: ID)] = []
    private var deadlines: [ID: Int] = [:]

    func deadline(of id: ID) -> Int? { deadlines[id] }

    /// Sets, replaces, or with nil removes the deadline of one id.
    mutating func set(_ id: ID, at deadline: Int?) {
        guard deadlines[id] != deadline else { return }
        deadlines[id] = deadline
        guard let deadline else { return }
        heap.append((deadline, id))
        var child = heap.count - 1
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out every id whose deadline is `now` or earlier.
    mutating func takeDue(at now: Int) -> [ID] {
        var due: [ID] = []
        while let first = heap.first, first.at <= now {
            removeFirst()
            guard deadlines[first.id] == first.at else { continue }
            deadlines[first.id] = nil
            due.append(first.id)
        }
        return due
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].at < heap[least].at {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
