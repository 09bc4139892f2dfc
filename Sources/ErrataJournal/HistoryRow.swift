import ErrataCore

/// One change of one fact, the value of `history` under FactID and sequence.
///
/// Commit id (32), flags (1): bit 0 for an old leaf, bit 1 for a new one; then those leaves.
struct HistoryRow: Equatable, Sendable {
    let commit: CommitID
    let old: Leaf?
    let new: Leaf?

    var encoded: [UInt8] {
        let flags: UInt8 = (old == nil ? 0 : 1) | (new == nil ? 0 : 2)
        return commit.bytes + [flags] + (old?.bytes ?? []) + (new?.bytes ?? [])
    }

    init(commit: CommitID, old: Leaf?, new: Leaf?) {
        self.commit = commit
        self.old = old
        self.new = new
    }

    init?(decoding bytes: [UInt8]) {
        guard bytes.count > CommitID.byteCount, let commit = CommitID(bytes.prefix(32)),
            bytes[32] <= 3
        else { return nil }
        var rest = bytes.dropFirst(33)
        func leaf(_ bit: UInt8) -> Leaf?? {
            guard bytes[32] & bit != 0 else { return .some(nil) }
            guard let leaf = Leaf(rest.prefix(Digest.byteCount)) else { return nil }
            rest = rest.dropFirst(Digest.byteCount)
            return leaf
        }
        guard let old = leaf(1), let new = leaf(2), rest.isEmpty else { return nil }
        self.init(commit: commit, old: old, new: new)
    }
}
