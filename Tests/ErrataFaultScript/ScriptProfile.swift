import ErrataJournal

/// What a history is made of.
enum ScriptProfile: String {
    /// Everything, one after the other.
    case mixed
    /// Mostly commits that wait together.
    case groups
    /// Many new facts over few keys a batch.
    case keys
    /// Large commits in a map that starts small.
    case growth
    /// Branches, merges, undone operations and redactions.
    case versions
    /// Receipts and events between the commits.
    case events

    /// How often each step comes, against the others.
    var weights: [(step: ScriptStep, weight: Int)] {
        switch self {
        case .mixed: ScriptStep.allCases.map { ($0, $0 == .commit ? 4 : 1) }
        case .groups: [(.group, 4), (.commit, 1), (.reopen, 1)]
        case .keys: [(.manyFacts, 3), (.commit, 2), (.reopen, 1)]
        case .growth: [(.largeCommit, 3), (.manyFacts, 2), (.commit, 1)]
        case .versions:
            [
                (.commit, 5), (.createBranch, 1), (.merge, 2), (.cherryPick, 1), (.undo, 1),
                (.redact, 2), (.revert, 1), (.reopen, 1),
            ]
        case .events: [(.receipt, 2), (.event, 2), (.commit, 2), (.eventBesideCommit, 2)]
        }
    }

    var mapBytes: Int { self == .growth ? 1 << 16 : 1 << 20 }
    /// So small that there are checkpoints all the time; but `keys` keeps what it commits in the log for a while.
    var checkpointByteCount: Int {
        switch self {
        case .growth: 1 << 15
        case .keys: 1 << 17
        default: 1 << 11
        }
    }
    var keyBatchCount: UInt64 { self == .keys ? 4 : 16 }
}
