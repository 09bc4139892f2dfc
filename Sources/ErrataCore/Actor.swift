/// Who did something: what the kernel reports of the process at the other end of the socket.
package struct Actor: Hashable, Sendable {
    package static let groupCountMax = 1_024

    package let uid: UInt32
    package let gid: UInt32
    /// Supplementary groups, ascending.
    package let groups: [UInt32]
    /// Advisory: process ids are recycled.
    package let pid: Int32
    /// The user's name at that time; nil if the system knew none.
    package let userName: String?
    /// The path of the socket that the request came through; nil for the daemon itself.
    package let socket: String?

    package init(
        uid: UInt32, gid: UInt32, groups: [UInt32], pid: Int32, userName: String?, socket: String?
    ) {
        self.uid = uid
        self.gid = gid
        self.groups = groups.sorted()
        self.pid = pid
        self.userName = userName
        self.socket = socket
    }

    /// Writes the map that every operation and event has of its actor; a name that is missing is left out.
    package func write(to out: inout CBORWriter) {
        out.map(4 + (userName == nil ? 0 : 1) + (socket == nil ? 0 : 1))
        out.unsigned(0)
        out.unsigned(UInt64(uid))
        out.unsigned(1)
        out.unsigned(UInt64(gid))
        out.unsigned(2)
        out.array(groups.count)
        for group in groups { out.unsigned(UInt64(group)) }
        out.unsigned(3)
        out.value(.int(Int64(pid)))
        for (key, text) in [(4 as UInt64, userName), (5, socket)] {
            guard let text else { continue }
            out.unsigned(key)
            out.text(text)
        }
    }

    package init(_ value: CBOR) throws(CBORError) {
        var fields = try CBORFields(value, of: "actor")
        var groups: [UInt32] = []
        for item in try fields.array(2) {
            guard case .unsigned(let number) = item, let group = UInt32(exactly: number) else {
                throw CBORError(message: "a group of the actor is not a gid", offset: 0)
            }
            groups.append(group)
        }
        guard groups == groups.sorted() else {
            throw CBORError(message: "the groups of the actor are not in order", offset: 0)
        }
        guard let uid = UInt32(exactly: try fields.unsigned(0)),
            let gid = UInt32(exactly: try fields.unsigned(1)),
            let pid = Int32(exactly: try fields.int(3))
        else { throw CBORError(message: "an id of the actor is out of range", offset: 0) }
        self.init(
            uid: uid, gid: gid, groups: groups, pid: pid, userName: try fields.textIfPresent(4),
            socket: try fields.textIfPresent(5))
        try fields.finish()
    }
}
