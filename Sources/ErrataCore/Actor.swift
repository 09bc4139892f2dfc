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

    package var cbor: CBOR {
        .fields([
            (0, .unsigned(UInt64(uid))),
            (1, .unsigned(UInt64(gid))),
            (2, .array(groups.map { .unsigned(UInt64($0)) })),
            (3, .int(Int64(pid))),
            (4, userName.map(CBOR.text)),
            (5, socket.map(CBOR.text)),
        ])
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
