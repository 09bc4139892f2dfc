import ErrataAPI
import ErrataCore
import Testing

/// What all clients did, and the commits that were there in the end.
struct HistoryRecord: Sendable {
    enum Answer: Sendable {
        case committed(String)
        case headMoved(String)
        case fact(head: String, value: String?)
        case head(String)

        var head: String {
            switch self {
            case .committed(let head), .headMoved(let head), .fact(let head, _), .head(let head):
                head
            }
        }
    }

    struct Item: Sendable {
        let branch: String
        let call: BranchHistory.Call
        /// Nil if the connection broke.
        let answer: Answer?
        let start: Int
        let end: Int?
    }

    let firstHead: String
    var items: [Item] = []
    /// Each branch's commits when all was over, newest first.
    var lines: [String: [CommitSummary]] = [:]

    /// How many were committed, refused and read, and how many commits have no answer.
    var summary: String {
        var (committed, refused, read, lost) = (0, 0, 0, 0)
        for item in items {
            switch (item.call, item.answer) {
            case (_, .committed): committed += 1
            case (_, .headMoved): refused += 1
            case (_, .fact), (_, .head): read += 1
            case (.commit, nil): lost += 1
            case (_, nil): break
            }
        }
        return "\(committed) committed, \(refused) refused, \(read) read, \(lost) lost"
    }

    /// Returns what happened to `branch`.
    ///
    /// A commit without an answer has its id from the branch's line, where its message names it. If it is not there it
    /// did not happen; had anybody seen it meanwhile, then nothing in the history would explain what was seen.
    func history(of branch: String) throws -> BranchHistory {
        let line = try #require(lines[branch])
        var parents: [String: String] = [:]
        var ids: [String: String] = [:]
        for commit in line {
            parents[commit.commit.hex] = commit.parents.first?.hex
            ids[commit.message] = commit.commit.hex
        }
        let operations = items.compactMap { item -> BranchHistory.Operation? in
            guard item.branch == branch else { return nil }
            let reply: BranchHistory.Reply
            switch (item.answer, item.call) {
            case (.committed(let id), _):
                // A commit that is not in the line has no place in any order: nothing has this parent.
                reply = .committed(id: id, parent: parents[id] ?? "")
            case (.headMoved(let head), _): reply = .headMoved(head: head)
            case (.fact(let head, let value), _): reply = .fact(head: head, value: value)
            case (.head(let head), _): reply = .head(head)
            case (nil, .commit(_, _, let value)):
                guard let id = ids[value], let parent = parents[id] else { return nil }
                reply = .committed(id: id, parent: parent)
            case (nil, _): return nil
            }
            return BranchHistory.Operation(
                call: item.call, reply: reply, start: item.start, end: item.end)
        }
        return BranchHistory(firstHead: firstHead, operations: operations)
    }

    /// Returns the acknowledged commits that are not in the branch's line.
    func lostUpdates(on branch: String) -> [String] {
        let line = Set((lines[branch] ?? []).map(\.commit.hex))
        return items.compactMap { item in
            guard item.branch == branch, case .committed(let id) = item.answer else { return nil }
            return line.contains(id) ? nil : id
        }
    }
}
