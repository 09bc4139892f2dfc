package import ErrataCore

extension Actor {
    /// Somebody for tests.
    package static let ada = Actor(
        uid: 1001, gid: 1001, groups: [27, 1001], pid: 4242, userName: "ada", socket: "/run/e.sock")
    /// Somebody else.
    package static let grace = Actor(
        uid: 1002, gid: 1002, groups: [1002], pid: 4243, userName: "grace", socket: "/run/e.sock")
}
