import ErrataAPI
import ErrataCore
import ErrataService
import HTTPTypes
import Hummingbird
import NIOCore

extension ServerState {
    /// Files of facts, in and out.
    static var transferRoutes: [Route] {
        [
            .post(
                "/v1/import",
                parameters: ["format", "branch", "message", "author", "batch", "dryRun"],
                body: .raw(
                    limit: BodyLimits.importMax,
                    mediaTypes: [
                        "application/octet-stream", "application/json", "application/x-ndjson",
                        "application/jsonl",
                    ]), patience: .long
            ) { call in
                let options = try ImportOptions(call.query)
                return try await call.server.importing {
                    let bytes = try await call.body()
                    // A streamed reply runs after this closure, so the work takes a place of its own.
                    return try await call.long(ImportReply.self) { progress in
                        try await call.server.importing {
                            let outcome = try await call.knowledge.importFacts(
                                bytes, options, actor: call.actor
                            ) { done, total in
                                progress(
                                    ProgressRecord(phase: "Committing", done: done, total: total))
                            }
                            call.server.metrics.countCommits(outcome.commits.count)
                            return ImportReply(outcome, isDryRun: options.isDryRun)
                        }
                    }
                }
            },
            .get("/v1/export", parameters: ["at"]) { call in
                let commit = try call.knowledge.resolve(call.query.revision)
                let first = try call.exportPage(commit, after: nil)
                var headers: HTTPFields = [.contentType: "application/x-ndjson"]
                headers[.errataCommit] = commit.hex
                return Response(
                    status: .ok, headers: headers,
                    body: call.streamed { writer in
                        var page = first
                        while true {
                            try await writer.write(page.lines)
                            guard let next = page.next else { break }
                            page = try call.exportPage(commit, after: next)
                        }
                    })
            },
        ]
    }
}

extension HTTPField.Name {
    /// The version that a reply without a JSON object of its own was read from.
    static var errataCommit: HTTPField.Name {
        guard let name = HTTPField.Name("X-Errata-Commit") else {
            fatalError("unreachable: the name is a token of RFC 9110")
        }
        return name
    }
}

extension ImportOptions {
    fileprivate init(_ query: Query) throws(Refusal) {
        let text = query["format"] ?? ImportFormat.auto.rawValue
        guard let format = ImportFormat(rawValue: text) else {
            let known = ImportFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(
                .invalidParameter, "the format '\(text)' is not one of \(known)", field: "format")
        }
        self.init(
            format: format, branch: query["branch"] ?? RefName.main.text,
            author: query["author"], message: query["message"] ?? "import",
            batch: try query.integer("batch", in: 1...Commit.editCountMax),
            isDryRun: try query.flag("dryRun"))
    }
}

extension ImportReply {
    fileprivate init(_ outcome: ImportOutcome, isDryRun: Bool) {
        let duplicates = outcome.duplicates.prefix(ImportReply.lineCountMax).map {
            LineProblem(line: $0.line, message: $0.message)
        }
        self.init(
            dryRun: isDryRun, edits: outcome.edits,
            unchanged: isDryRun ? nil : outcome.unchanged, duplicates: duplicates,
            duplicateCount: outcome.duplicateCount,
            commits: outcome.commits.map { CommitReply($0) })
    }
}

extension Call {
    private static var exportPageCount: Int { 500 }

    /// Returns facts as JSON lines that an import reads; redacted ones are left out.
    fileprivate func exportPage(
        _ commit: CommitID, after: String?
    ) throws -> (lines: ByteBuffer, next: String?) {
        let (_, page) = try knowledge.facts(
            at: commit.hex, after: after, limit: Call.exportPageCount)
        var lines = ByteBuffer()
        for view in page.items {
            guard let fact = view.fact else { continue }
            lines.writeBytes(try JSONCoding.encode(FactBody(fact.draft)))
            lines.writeInteger(UInt8(ascii: "\n"))
        }
        return (lines, page.next)
    }
}
