/// Where the daemon listens and how long it waits for its clients.
package struct DaemonConfiguration: Sendable {
    package var socketPath: String
    /// The group that may connect beside the owner; nil for the owner alone.
    package var socketGroup: UInt32?
    /// The socket's mode; nil for 0600, or 0660 if there is a group.
    package var socketMode: UInt32?
    /// A connection on which nothing moves for so long, and no request runs, is closed.
    package var idleTimeout: Duration = .seconds(30)
    /// How long requests in hand may take once the daemon was told to stop.
    package var shutdownTimeout: Duration = .seconds(10)
    /// Further connections wait in the backlog.
    package var connectionCountMax = 256
    package var timeouts = RouteTimeouts()
    /// Where SIGTERM and SIGINT stop the daemon; false where the process has other uses for them.
    package var handlesSignals = true

    package init(socketPath: String) { self.socketPath = socketPath }
}

/// How long a request of each class may take.
package struct RouteTimeouts: Sendable {
    package var usual: Duration = .seconds(30)
    package var search: Duration = .seconds(60)
    /// An answer, the wait for the language model's turn included; who hangs up ends it before.
    package var answer: Duration = .seconds(3_600)
    /// Import, export and verify.
    package var long: Duration = .seconds(600)

    package init() {}
}

/// How large a request's body may be, in bytes.
package enum BodyLimits {
    package static let usualMax = 1 << 20
    package static let commitMax = 8 << 20
    package static let importMax = 512 << 20
}
