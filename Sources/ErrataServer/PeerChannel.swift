import CErrataSystem
package import ErrataCore
import ErrataJournal
import Glibc
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix

/// An HTTP/1.1 connection that knows the process at its other end.
///
/// The kernel is asked once, when the connection is made; requests find the answer in ``Peer/current``.
///
/// Requests are read and replies written on the connection's event loop, which saves two threads to wake for each.
/// What a route does, unless that is brief, and whatever may take its time runs in the pool: see ``Responder``.
struct PeerChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let base: HTTP1Channel.Value
        let peer: Peer?
        var channel: any Channel { base.channel }
    }

    let base: HTTP1Channel
    let socketPath: String

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable {
                (socket: NIOBSDSocket.Handle) in Peer(socket: socket)
            }
            return Value(base: value, peer: peer ?? nil)
        }
    }

    func handle(value: Value, logger: Logger) async {
        // The user's name may come from a directory service: looked up here, off the event loop.
        let actor = value.peer?.actor(socketPath: socketPath)
        await Peer.$current.withValue(actor) {
            await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
                await base.handle(value: value.base, logger: logger)
            }
        }
    }
}

/// Runs tasks on an event loop.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// What the kernel says of the process at the other end of a Unix socket.
package struct Peer: Sendable {
    /// Who sent the request that this task handles; nil if the kernel would not say.
    @TaskLocal package static var current: Actor?

    private let peer: errata_peer
    private let groups: [UInt32]

    /// Asks the kernel; nil if `socket` is not a Unix socket or its groups cannot be read whole.
    init?(socket: CInt) {
        var peer = errata_peer()
        guard errata_peer_of_socket(socket, &peer) == 0 else { return nil }
        var groups = [gid_t](repeating: 0, count: Actor.groupCountMax)
        let count = errata_peer_groups(socket, &groups, CInt(Actor.groupCountMax))
        guard (0...Actor.groupCountMax).contains(Int(count)) else { return nil }
        self.peer = peer
        self.groups = Array(groups.prefix(Int(count)))
    }

    func actor(socketPath: String) -> Actor {
        Actor(
            uid: peer.uid, gid: peer.gid, groups: groups, pid: peer.pid,
            userName: Actor.systemName(of: peer.uid), socket: socketPath)
    }
}
