// COMMIT FORMAT, version 1. The id of a commit is SHA-256 of these bytes.
//
//   0 version (1)     3 edits [[FactID, old leaf or null, new leaf or null]], by FactID
//   1 parents [id]    4 author (text the client claims, absent if none)
//   2 root (32)       5 message   6 time (µs)   7 reverts [id], absent if none
//   8 picks [id], absent if none
//   9 conflicts [[FactID, base leaf or null, [leaf or null of each side]]], by FactID, absent if none
//
// The first parent is the head that the commit was made on; edits are against it. A merge has the head that
// it brought in as its second parent. A conflict stands in the edits as a leaf of its own: see Conflict.swift.

/// Edits, the snapshot that they led to, and who says so.
package struct Commit: Hashable, Sendable {
    package static let version: UInt64 = 1
    package static let messageBytesMax = 10_000
    package static let authorBytesMax = 300
    package static let editCountMax = 100_000

    package let parents: [CommitID]
    /// The root of the snapshot's trie.
    package let root: Digest
    /// Sorted by fact; one edit a fact.
    package let edits: [Edit]
    /// Who the client says wrote this; the kernel's word is in the operation's ``Actor``.
    package let author: String?
    package let message: String
    package let time: Timestamp
    /// The commits that this one undoes.
    package let reverts: [CommitID]
    /// The commits, of other lines, whose edits this one makes again.
    package let picks: [CommitID]
    /// What the leaves of edits that are conflicts stand for; sorted by fact.
    package let conflicts: [Conflict]

    package init(
        parents: [CommitID], root: Digest, edits: [Edit], author: String?, message: String,
        time: Timestamp, reverts: [CommitID] = [], picks: [CommitID] = [],
        conflicts: [Conflict] = []
    ) {
        self.parents = parents
        self.root = root
        self.edits = edits.sorted { $0.fact < $1.fact }
        self.author = author
        self.message = message
        self.time = time
        self.reverts = reverts
        self.picks = picks
        self.conflicts = conflicts.sorted { $0.fact < $1.fact }
    }

    package var isMerge: Bool { parents.count > 1 }

    package var id: CommitID { CommitID(.sha256(encoded)) }

    package var encoded: [UInt8] {
        let listCount = [reverts.isEmpty, picks.isEmpty, conflicts.isEmpty].count { !$0 }
        var out = CBORWriter(
            capacity: 128 + 90 * edits.count + 34 * parents.count + message.utf8.count)
        out.map(6 + listCount + (author == nil ? 0 : 1))
        out.unsigned(0)
        out.unsigned(Commit.version)
        out.field(1, parents)
        out.unsigned(2)
        out.bytes(root)
        out.unsigned(3)
        out.array(edits.count)
        for edit in edits { edit.write(to: &out) }
        if let author {
            out.unsigned(4)
            out.text(author)
        }
        out.unsigned(5)
        out.text(message)
        out.unsigned(6)
        out.value(.int(time.microseconds))
        if !reverts.isEmpty { out.field(7, reverts) }
        if !picks.isEmpty { out.field(8, picks) }
        if !conflicts.isEmpty {
            out.unsigned(9)
            out.value(.array(conflicts.map(\.cbor)))
        }
        return out.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CBORError) {
        var fields = try CBORFields(CBOR(decoding: bytes), of: "commit")
        let version = try fields.unsigned(0)
        guard version == Commit.version else {
            throw CBORError(message: "commit version \(version) is unknown", offset: 0)
        }
        guard let root = Digest(try fields.bytes(2)) else {
            throw CBORError(message: "the root of a commit is not 32 bytes", offset: 0)
        }
        var edits: [Edit] = []
        for item in try fields.array(3) { edits.append(try Edit(item)) }
        guard zip(edits, edits.dropFirst()).allSatisfy({ $0.fact < $1.fact }) else {
            throw CBORError(message: "the edits of a commit are not in order", offset: 0)
        }
        self.init(
            parents: try CommitID.list(try fields.array(1)), root: root, edits: edits,
            author: try fields.textIfPresent(4), message: try fields.text(5),
            time: Timestamp(microseconds: try fields.int(6)),
            reverts: try CommitID.list(try fields.arrayIfPresent(7)),
            picks: try CommitID.list(try fields.arrayIfPresent(8)),
            conflicts: try Commit.conflicts(try fields.arrayIfPresent(9), of: edits))
        try fields.finish()
    }

    /// Reads conflicts, each of which must be what an edit leads to.
    private static func conflicts(
        _ items: [CBOR]?, of edits: [Edit]
    ) throws(CBORError) -> [Conflict] {
        guard let items else { return [] }
        var leaves: [FactID: Leaf] = [:]
        for edit in edits { leaves[edit.fact] = edit.new }
        var conflicts: [Conflict] = []
        for item in items {
            let conflict = try Conflict(item)
            guard leaves[conflict.fact] == conflict.leaf else {
                throw CBORError(
                    message: "a conflict of a commit is in none of its edits", offset: 0)
            }
            conflicts.append(conflict)
        }
        guard !conflicts.isEmpty,
            zip(conflicts, conflicts.dropFirst()).allSatisfy({ $0.fact < $1.fact })
        else { throw CBORError(message: "the conflicts of a commit are not in order", offset: 0) }
        return conflicts
    }
}

extension CommitID {
    /// Reads ids of a field that is there only if there are some.
    fileprivate static func list(_ items: [CBOR]?) throws(CBORError) -> [CommitID] {
        guard let items else { return [] }
        guard !items.isEmpty else {
            throw CBORError(message: "a list of commit ids is empty", offset: 0)
        }
        return try list(items)
    }

    fileprivate static func list(_ items: [CBOR]) throws(CBORError) -> [CommitID] {
        var ids: [CommitID] = []
        for item in items {
            guard case .bytes(let bytes) = item, let id = CommitID(bytes) else {
                throw CBORError(message: "a commit id is not 32 bytes", offset: 0)
            }
            ids.append(id)
        }
        return ids
    }
}

extension Edit {
    fileprivate func write(to out: inout CBORWriter) {
        out.array(3)
        out.bytes(fact)
        for leaf in [old, new] {
            if let leaf { out.bytes(leaf.digest) } else { out.value(.null) }
        }
    }

    fileprivate init(_ item: CBOR) throws(CBORError) {
        guard case .array(let parts) = item, parts.count == 3, case .bytes(let id) = parts[0],
            let fact = FactID(id)
        else { throw CBORError(message: "an edit is not [fact, old, new]", offset: 0) }
        let old = try Leaf.ifPresent(parts[1])
        let new = try Leaf.ifPresent(parts[2])
        guard old != new else { throw CBORError(message: "an edit changes nothing", offset: 0) }
        self.init(fact: fact, old: old, new: new)
    }
}

extension CBORWriter {
    fileprivate mutating func field(_ key: UInt64, _ ids: [CommitID]) {
        unsigned(key)
        array(ids.count)
        for id in ids { bytes(id.digest) }
    }
}

extension Leaf {
    /// Reads a leaf, or null for a fact that is not believed.
    package static func ifPresent(_ item: CBOR) throws(CBORError) -> Leaf? {
        switch item {
        case .null: return nil
        case .bytes(let bytes):
            guard let leaf = Leaf(bytes) else { break }
            return leaf
        default: break
        }
        throw CBORError(message: "a leaf is not 32 bytes", offset: 0)
    }
}
