package import ErrataCore
import ErrataJournal
package import ErrataRetrieval

/// How the knowledge base is.
package struct KnowledgeBaseStatus: Sendable {
    package let dataDirectory: String
    package let operationCount: UInt64
    /// The Merkle root of all operations.
    package let root: Digest
    package let head: CommitID
    package let factCount: Int
    package let branchCount: Int
    package let tagCount: Int
    package let index: IndexState
    package let answerer: String
}

/// How far the retrieval index is.
package struct IndexState: Sendable {
    package enum Phase: String, Sendable {
        case ready
        case building
        case failed
    }

    package let phase: Phase
    package let rows: IndexStatus
    /// Operations that the index does not cover yet.
    package let pendingOperations: UInt64
    /// Why the last attempt failed.
    package let failure: String?
}

extension KnowledgeBase {
    package func status() throws(ServiceError) -> KnowledgeBaseStatus {
        let index = try indexState()
        return try wrapping {
            let (count, root) = try journal.merkleRoot
            let head = try journal.head(of: RefName.main.text)
            return KnowledgeBaseStatus(
                dataDirectory: configuration.dataDirectory, operationCount: count, root: root,
                head: head, factCount: try journal.snapshot(at: head).count,
                branchCount: try journal.branches().count, tagCount: try journal.tags().count,
                index: index, answerer: answererName)
        }
    }

    package func indexState() throws(ServiceError) -> IndexState {
        let count = try wrapping { try journal.operationCount }
        let derived: DerivedState
        do { derived = try self.derived } catch {
            return IndexState(
                phase: .failed, rows: .unavailable(error.message), pendingOperations: count,
                failure: error.message)
        }
        let rows = derived.index.status()
        let pending = count - min(count, derived.indexer.coveredCount)
        let failure = derived.indexer.failure
        let isReady = pending == 0 && rows.pendingCount == 0
        return IndexState(
            phase: failure != nil ? .failed : isReady ? .ready : .building, rows: rows,
            pendingOperations: pending, failure: failure)
    }
}
