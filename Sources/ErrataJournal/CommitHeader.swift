package import ErrataCore
import Synchronization

/// A commit without its edits: what people are told of it.
package struct CommitHeader: Hashable, Sendable {
    package let id: CommitID
    package let parents: [CommitID]
    package let reverts: [CommitID]
    package let picks: [CommitID]
    /// Who the client says wrote it.
    package let author: String?
    package let message: String
    package let time: Timestamp
    package let editCount: Int
    /// How many facts it left for people to choose.
    package let conflictCount: Int
    package let operation: UInt64
    /// Who wrote it, as the kernel said.
    package let actor: Actor
    /// How many facts its snapshot has.
    package let factCount: Int

    package init(_ record: CommitRecord) {
        id = record.id
        parents = record.commit.parents
        reverts = record.commit.reverts
        picks = record.commit.picks
        author = record.commit.author
        message = record.commit.message
        time = record.time
        editCount = record.commit.edits.count
        conflictCount = record.commit.conflicts.count
        operation = record.operation
        actor = record.actor
        factCount = record.factCount
    }
}

/// The headers asked for lately; a commit never changes, so neither does its header.
///
/// A record holds the edits before the message, so reading one of 100,000 edits takes 45 ms, too much for
/// each fact that a question finds.
final class CommitHeaderCache: Sendable {
    /// At most 10 MB of messages and authors.
    static let countMax = 1_024

    private let headers = Mutex(
        RecentValues<CommitID, CommitHeader>(countMax: CommitHeaderCache.countMax))

    /// Returns the header of `id`; `read` reads the commit if need be.
    func header(
        of id: CommitID, read: () throws(JournalError) -> CommitRecord
    ) throws(JournalError) -> CommitHeader {
        if let known = headers.withLock({ $0[id] }) { return known }
        let header = CommitHeader(try read())
        headers.withLock { $0.insert(header, for: id) }
        return header
    }
}
