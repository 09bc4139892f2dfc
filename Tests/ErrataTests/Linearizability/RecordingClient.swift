import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Testing

/// One client: calls, waits, notes, calls again, until its connection breaks.
struct RecordingClient: Sendable {
    let socket: String
    let name: String
    let seed: UInt64
    let clock: HistoryRecorder.Clock
    let keys: [String]
    let branches: [String]
    var readsAll = false

    /// Performs at most `count` operations; returns them, the one whose reply was lost included.
    func run(_ count: Int) -> [HistoryRecord.Item] {
        if readsAll { return readEverything() }
        var random = SplitMix64(seed: seed)
        var items: [HistoryRecord.Item] = []
        var heads: [String: String] = [:]
        while items.count < count {
            let branch = branches[Int(random.next() % UInt64(branches.count))]
            let key = keys[Int(random.next() % UInt64(keys.count))]
            let value = "\(name)-\(items.count)"
            let call: BranchHistory.Call =
                switch random.next() % 8 {
                case 0...2: .commit(expect: heads[branch], key: key, value: value)
                case 3, 4: .commit(expect: nil, key: key, value: value)
                case 5, 6: .readFact(key: key)
                default: .readHead
                }
            let item = perform(call, on: branch)
            items.append(item)
            guard let answer = item.answer else { break }
            heads[branch] = answer.head
        }
        return items
    }

    private func readEverything() -> [HistoryRecord.Item] {
        branches.flatMap { branch in
            [perform(.readHead, on: branch)] + keys.map { perform(.readFact(key: $0), on: branch) }
        }
    }

    private func perform(_ call: BranchHistory.Call, on branch: String) -> HistoryRecord.Item {
        let start = clock.tick()
        let answer = try? ask(call, branch)
        return HistoryRecord.Item(
            branch: branch, call: call, answer: answer, start: start,
            end: answer == nil ? nil : clock.tick())
    }

    /// Returns the daemon's answer; throws if there was none.
    private func ask(_ call: BranchHistory.Call, _ branch: String) throws -> HistoryRecord.Answer {
        let client = Client(socketPath: socket)
        switch call {
        case .commit(let expect, let key, let value):
            let fact = FactBody(FactDraft(key: key, subject: key, relation: "is", object: value))
            let request = CommitRequest(
                branch: branch, expect: expect, message: value, edits: [.assert(fact)])
            do {
                let reply = try client.post("/v1/commits", request, as: CommitReply.self)
                return .committed(reply.commit.hex)
            } catch let problem as Problem {
                guard problem.code == "head_moved", let head = problem.head else {
                    Issue.record("\(call): \(problem)")
                    throw problem
                }
                return .headMoved(head.hex)
            }
        case .readFact(let key):
            let reply = try client.get(
                "/v1/facts", [("at", branch), ("subject", key)], as: FactsReply.self)
            return .fact(head: reply.commit.hex, value: reply.facts.first?.fact.draft.object)
        case .readHead:
            let branches = try client.get("/v1/branches", as: BranchesReply.self).branches
            return .head(try #require(branches.first { $0.name == branch }).commit.hex)
        }
    }
}
