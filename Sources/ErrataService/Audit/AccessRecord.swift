package import ErrataCore
import ErrataJournal

// ACCESS RECORD, version 1: the body of the events `read` and `refusal`. No text of facts or questions is in
// it, only which route was used for which version.
//
//   {0 version (1), 1 route, 2 code of the refusal (absent for a read), 3 revision as the client wrote it
//    (absent if none), 4 commit (32) that it named (absent if none)}

/// A read that somebody made, or a request that was refused.
package struct AccessRecord: Hashable, Sendable {
    package static let version: UInt64 = 1
    /// The kind of the events of reads that were answered.
    package static let readKind = "read"
    /// The kind of the events of requests that were not.
    package static let refusalKind = "refusal"
    package static let routeBytesMax = 200
    package static let codeBytesMax = 64
    package static let revisionBytesMax = 300

    /// Method and address as the schema has them, such as `GET /v1/facts`.
    package let route: String
    /// The stable code of the problem; nil for a read.
    package let code: String?
    package let revision: String?
    package let commit: CommitID?

    /// Cuts texts that are longer than they may be: an audit must not be dodged by a long revision.
    package init(
        route: String, code: String? = nil, revision: String? = nil, commit: CommitID? = nil
    ) {
        self.route = route.cut(to: AccessRecord.routeBytesMax)
        self.code = code?.cut(to: AccessRecord.codeBytesMax)
        self.revision = revision?.cut(to: AccessRecord.revisionBytesMax)
        self.commit = commit
    }

    package var kind: String { code == nil ? AccessRecord.readKind : AccessRecord.refusalKind }

    package var encoded: [UInt8] {
        CBOR.fields([
            (0, .unsigned(AccessRecord.version)), (1, .text(route)), (2, code.map(CBOR.text)),
            (3, revision.map(CBOR.text)), (4, commit.map { .bytes($0.bytes) }),
        ]).encoded
    }

    package init(decoding bytes: [UInt8]) throws(CBORError) {
        var fields = try CBORFields(CBOR(decoding: bytes), of: "access record")
        let version = try fields.unsigned(0)
        guard version == AccessRecord.version else {
            throw CBORError(message: "access record version \(version) is unknown", offset: 0)
        }
        let commit = try fields.bytesIfPresent(4)
        guard commit == nil || commit?.count == CommitID.byteCount else {
            throw CBORError(message: "the commit of an access is not 32 bytes", offset: 0)
        }
        self.init(
            route: try fields.text(1), code: try fields.textIfPresent(2),
            revision: try fields.textIfPresent(3), commit: commit.flatMap { CommitID($0) })
        try fields.finish()
    }
}

extension String {
    /// The beginning of the text that has at most `byteCount` bytes and ends between characters.
    fileprivate func cut(to byteCount: Int) -> String {
        guard utf8.count > byteCount else { return self }
        var text = ""
        var count = 0
        for character in self {
            count += character.utf8.count
            if count > byteCount { break }
            text.append(character)
        }
        return text
    }
}

extension KnowledgeBase {
    /// Records that somebody read; durable when it returns.
    ///
    /// Which reads are recorded is for a policy to say.
    package func recordRead(
        route: String, revision: String? = nil, commit: CommitID? = nil, actor: Actor
    ) async throws(ServiceError) {
        try await record(AccessRecord(route: route, revision: revision, commit: commit), actor)
    }

    /// Records that somebody was refused with the problem `code`; durable when it returns.
    package func recordRefusal(
        route: String, code: String, revision: String? = nil, commit: CommitID? = nil,
        actor: Actor
    ) async throws(ServiceError) {
        try await record(
            AccessRecord(route: route, code: code, revision: revision, commit: commit), actor)
    }

    private func record(_ record: AccessRecord, _ actor: Actor) async throws(ServiceError) {
        do {
            _ = try await journal.appendEvent(
                kind: record.kind, body: record.encoded, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }
}
