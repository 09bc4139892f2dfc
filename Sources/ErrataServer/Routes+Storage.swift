package import ErrataAPI
import ErrataCore
import ErrataJournal
package import ErrataService
import Hummingbird

extension ServerState {
    /// The files of the store.
    static var storageRoutes: [Route] {
        [
            .get("/v1/usage", isRecorded: false) { call in
                try .json(UsageReply(try call.knowledge.usage()))
            },
            .post("/v1/backup", patience: .long, permission: .administer) { call in
                let request = try await call.decode(BackupRequest.self)
                return try await call.long(BackupReply.self) { progress in
                    BackupReply(
                        try await call.knowledge.backup(
                            to: request.directory, verifies: request.verify ?? true
                        ) { part, done in
                            progress(
                                ProgressRecord(phase: part, done: Int(clamping: done), total: nil))
                        })
                }
            },
        ]
    }
}

extension UsageReply {
    init(_ parts: [UsagePart]) {
        self.init(
            bytes: parts.reduce(0) { $0 + $1.byteCount },
            parts: parts.map { UsageRecord(name: $0.name, bytes: $0.byteCount, rows: $0.rowCount) })
    }
}

extension BackupReply {
    package init(_ report: BackupReport) {
        self.init(
            directory: report.directory, bytes: report.byteCount,
            isVerified: report.verified != nil, operations: report.verified?.found.operationCount,
            root: report.verified?.root?.hex)
    }
}
