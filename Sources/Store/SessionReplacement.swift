package import Identity
package import Sessions

extension StoreTransaction {
    /// A device's new session: ends what the device was signed in as. The same person's node passes to the new session
    /// without a gap; another person's node is nobody's until the device registers anew.
    package func replaceSession(of device: DeviceID, by session: Session, now: Int) throws {
        if var former = try openSession(of: device) {
            former.end(.replaced, now: now)
            try save(former)
            try appendChange(.session(former.id), at: now)
            if former.person == session.person, var node = try node(device: device), node.session == former.id {
                node.session = session.id
                node.updatedAt = now
                try save(node)
                try appendChange(.node(node.id), at: now)
            }
        }
        try save(session)
        try appendChange(.session(session.id), at: now)
    }
}
