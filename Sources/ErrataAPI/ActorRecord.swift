package import ErrataCore

/// Who did something, as the kernel told it.
package struct ActorRecord: Codable, Equatable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    package let groups: [UInt32]
    package let pid: Int32
    /// The user's name at that time.
    package let user: String?
    package let socket: String?

    package init(_ actor: Actor) {
        uid = actor.uid
        gid = actor.gid
        groups = actor.groups
        pid = actor.pid
        user = actor.userName
        socket = actor.socket
    }
}
