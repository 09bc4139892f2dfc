import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataRetrieval
import ErrataService
import Glibc
import Hummingbird
import NIOCore

extension ServerState {
    /// How the daemon is.
    static var statusRoutes: [Route] {
        [
            .get("/v1/status", isRecorded: false) { call in try .json(try call.server.status()) },
            .get("/v1/index", isRecorded: false) { call in
                try .json(IndexStatusReply(try call.knowledge.indexState()))
            },
            .post("/v1/index/rebuild", patience: .long, permission: .administer) { call in
                try await call.checkEmptyBody()
                return try await call.long(IndexStatusReply.self) { _ in
                    try await call.knowledge.rebuildIndex()
                    return IndexStatusReply(try call.knowledge.indexState())
                }
            },
            .get("/healthz", permission: nil, isRecorded: false) { _ in
                try .json(HealthReply(status: "ok"))
            },
            .get("/readyz", permission: nil, isRecorded: false) { call in
                // The journal answers, so questions can be taken; the index may still be catching up.
                _ = try call.knowledge.resolve(RefName.main.text)
                return try .json(HealthReply(status: "ready"))
            },
            .get("/metrics", isRecorded: false) { call in
                let status = try call.server.status()
                let text = call.server.metrics.text(
                    .init(
                        operations: status.journal.operations, rows: status.index.rows,
                        journalBytes: status.journal.bytes,
                        languageModels: call.knowledge.languageModelsState))
                return Response(
                    status: .ok,
                    headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
            },
        ]
    }

    fileprivate func status() throws -> StatusReply {
        let status = try knowledge.status()
        return StatusReply(
            version: version, pid: getpid(), socket: configuration.socketPath,
            data: status.dataDirectory, startedAt: startedAt,
            uptimeSeconds: Int((ContinuousClock.now - start).components.seconds),
            journal: JournalStatus(status, bytes: journalBytes),
            index: IndexStatusReply(status.index), answerer: status.answerer,
            languageModels: LanguageModelStatus(knowledge.languageModelsState),
            notes: notes(status))
    }

    /// What does not work as it could.
    private func notes(_ status: KnowledgeBaseStatus) -> [String] {
        var notes = status.index.rows.notices
        if status.index.rows.encoder == nil {
            notes.append(
                "search is lexical only: there is no encoder ('errata models pull' brings one)")
        }
        if let failure = knowledge.readerFailure {
            notes.append("questions are answered by lookup: the reader cannot be used: \(failure)")
        }
        return notes
    }

    /// What the journal takes on the disk; its file is sparse.
    private var journalBytes: Int {
        var info = stat()
        let path = knowledge.configuration.dataDirectory + "/journal/data.mdb"
        return stat(path, &info) == 0 ? Int(info.st_blocks) * 512 : 0
    }
}
