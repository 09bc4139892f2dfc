import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Synchronization
import Testing

@Suite("kill -9")
struct KillTests {
    private static let committerCount = 8

    private static var roundCount: Int {
        ProcessInfo.processInfo.environment["ERRATA_LONG_TESTS"] == "1" ? 200 : 20
    }

    /// A commit that the daemon acknowledged.
    private struct Acknowledged: Sendable {
        let commit: CommitID
        let key: String
    }

    @Test("every acknowledged commit is there after a kill at any moment, and the store is intact")
    func acknowledgedMeansDurable() async throws {
        let directory = try TemporaryDirectory()
        let (data, socket) = (directory.file("data"), directory.file("s"))
        var random = SplitMix64(seed: 2)
        var acknowledged: [Acknowledged] = []
        for round in 0..<Self.roundCount {
            let daemon = try await DaemonProcess(data: data, socket: socket)
            try await check(acknowledged.suffix(200), socket, round)
            let committers = Task {
                try await commitUntilTheEnd(socket, round: round)
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...400, using: &random)))
            try await daemon.kill()
            acknowledged += try await committers.value
        }
        #expect(acknowledged.count > Self.roundCount)
        let daemon = try await DaemonProcess(data: data, socket: socket)
        try await checkAll(acknowledged, socket)
        #expect(try await daemon.terminate() == 0)
    }

    /// Commits from several threads until the daemon is gone; returns what it acknowledged.
    private func commitUntilTheEnd(_ socket: String, round: Int) async throws -> [Acknowledged] {
        try await withThrowingTaskGroup(of: [Acknowledged].self) { group in
            for committer in 0..<Self.committerCount {
                group.addTask {
                    try await offPool { Self.commits(socket, "r\(round).c\(committer)") }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func commits(_ socket: String, _ name: String) -> [Acknowledged] {
        let client = Client(socketPath: socket)
        var acknowledged: [Acknowledged] = []
        while true {
            let key = "\(name).n\(acknowledged.count)"
            let fact = FactBody(FactDraft(key: key, statement: "fact \(key)"))
            let request = CommitRequest(message: key, edits: [.assert(fact)])
            // The kill ends this with an error of the connection, at whatever point it stands.
            guard
                let reply = try? client.post("/v1/commits", request, as: CommitReply.self)
            else { return acknowledged }
            acknowledged.append(Acknowledged(commit: reply.commit, key: key))
        }
    }

    /// Looks for the newest commits and has the whole store verified.
    private func check(
        _ acknowledged: ArraySlice<Acknowledged>, _ socket: String, _ round: Int
    ) async throws {
        try await offPool {
            let client = Client(socketPath: socket)
            let status = try client.get("/v1/status", as: StatusReply.self)
            #expect(!status.notes.contains { $0.contains("journal") }, "round \(round)")
            for item in acknowledged {
                let blame = try client.get("/v1/blame", [("key", item.key)], as: BlameReply.self)
                #expect(blame.introducedBy.commit == item.commit, "round \(round): \(item.key)")
            }
            guard round.isMultiple(of: 10) else { return }
            let verified = try client.send(
                Request(method: "POST", path: "/v1/verify"), as: VerifyReply.self)
            #expect(verified.isIntact, "round \(round): \(verified.findings)")
        }
    }

    private func checkAll(_ acknowledged: [Acknowledged], _ socket: String) async throws {
        try await offPool {
            let client = Client(socketPath: socket)
            var commits: Set<CommitID> = []
            var cursor: String?
            repeat {
                let page = try client.get(
                    "/v1/commits", [("limit", "1000"), ("cursor", cursor)], as: LogReply.self)
                commits.formUnion(page.commits.map(\.commit))
                cursor = page.next
            } while cursor != nil
            let missing = acknowledged.filter { !commits.contains($0.commit) }
            #expect(missing.isEmpty, "\(missing.count) of \(acknowledged.count) are lost")
            let verified = try client.send(
                Request(method: "POST", path: "/v1/verify"), as: VerifyReply.self)
            #expect(verified.isIntact, "\(verified.findings)")
        }
    }
}
