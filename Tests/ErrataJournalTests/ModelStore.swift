import ErrataCore
import ErrataJournal

/// The slow obvious store: every version whole, every lookup a walk.
struct ModelStore {
    struct Version {
        let parent: CommitID?
        let values: [String: String]
        /// The commit that introduced each value.
        let introduced: [String: CommitID]
        /// Each changed key with its value before and after.
        let edits: [String: Change]
    }

    struct Change: Equatable {
        let old: String?
        let new: String?
    }

    var versions: [CommitID: Version]
    var order: [CommitID]
    var branches: [String: CommitID]
    var tags: [String: CommitID] = [:]
    /// Where all branches stood after each operation.
    var branchesAfter: [[String: CommitID]]

    init(first: CommitID) {
        versions = [first: Version(parent: nil, values: [:], introduced: [:], edits: [:])]
        order = [first]
        branches = ["main": first]
        branchesAfter = [branches]
    }

    // MARK: Asking

    func ancestry(of id: CommitID) -> [CommitID] {
        var line: [CommitID] = []
        var next: CommitID? = id
        while let id = next {
            line.append(id)
            next = versions[id]?.parent
        }
        return line
    }

    func values(at id: CommitID) -> [String: String] { versions[id]?.values ?? [:] }

    func diff(_ from: CommitID, _ to: CommitID) -> [String: Change] {
        let (old, new) = (values(at: from), values(at: to))
        var changes: [String: Change] = [:]
        for key in Set(old.keys).union(new.keys) where old[key] != new[key] {
            changes[key] = Change(old: old[key], new: new[key])
        }
        return changes
    }

    func history(of key: String, at id: CommitID) -> [CommitID] {
        ancestry(of: id).filter { versions[$0]?.edits[key] != nil }
    }

    // MARK: Doing

    /// Returns what a commit of these values would change, or the code of its refusal.
    func edits(
        _ values: [(String, String?)], on branch: String
    ) -> Result<[String: Change], Refusal> {
        guard let head = branches[branch] else { return .failure(.init(.unknownBranch)) }
        let before = self.values(at: head)
        var edits: [String: Change] = [:]
        for (key, value) in values {
            if value == nil, before[key] == nil { return .failure(.init(.unknownFact)) }
            if before[key] != value { edits[key] = Change(old: before[key], new: value) }
        }
        return edits.isEmpty ? .failure(.init(.nothingToCommit)) : .success(edits)
    }

    func revertEdits(_ id: CommitID, on branch: String) -> Result<[String: Change], Refusal> {
        guard let head = branches[branch] else { return .failure(.init(.unknownBranch)) }
        guard ancestry(of: head).contains(id) else { return .failure(.init(.notAnAncestor)) }
        guard let edits = versions[id]?.edits, !edits.isEmpty else {
            return .failure(.init(.nothingToCommit))
        }
        let now = values(at: head)
        guard edits.allSatisfy({ now[$0] == $1.new }) else {
            return .failure(.init(.revertConflict))
        }
        return .success(edits.mapValues { Change(old: $0.new, new: $0.old) })
    }

    func rollbackRefusal(to id: CommitID, on branch: String) -> Refusal? {
        guard let head = branches[branch] else { return Refusal(.unknownBranch) }
        if head == id { return Refusal(.nothingToCommit) }
        return ancestry(of: head).contains(id) ? nil : Refusal(.notAnAncestor)
    }

    mutating func add(
        _ id: CommitID, _ edits: [String: Change], on branch: String, reverting: CommitID? = nil
    ) {
        guard let head = branches[branch], let parent = versions[head] else { return }
        var values = parent.values
        var introduced = parent.introduced
        let source = reverting.flatMap { versions[$0]?.parent }.flatMap { versions[$0] }
        for (key, change) in edits {
            values[key] = change.new
            introduced[key] = change.new == nil ? nil : source?.introduced[key] ?? id
        }
        versions[id] = Version(
            parent: head, values: values, introduced: introduced, edits: edits)
        order.append(id)
        branches[branch] = id
        branchesAfter.append(branches)
    }

    mutating func move(_ branch: String, to id: CommitID?) {
        branches[branch] = id
        branchesAfter.append(branches)
    }

    mutating func tag(_ name: String, _ id: CommitID) {
        tags[name] = id
        branchesAfter.append(branches)
    }
}

/// The code that the journal must refuse with.
struct Refusal: Error {
    let code: JournalError.Code
    init(_ code: JournalError.Code) { self.code = code }
}
