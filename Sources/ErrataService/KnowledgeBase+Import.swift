package import ErrataCore
package import ErrataJournal

/// How a file of facts is to be taken in.
package struct ImportOptions: Sendable {
    package var format: ImportFormat
    package var branch: String
    package var author: String?
    package var message: String
    /// Facts a commit; nil puts all in one.
    package var batch: Int?
    /// Check everything and commit nothing.
    package var isDryRun: Bool

    package init(
        format: ImportFormat = .auto, branch: String = RefName.main.text, author: String? = nil,
        message: String, batch: Int? = nil, isDryRun: Bool = false
    ) {
        self.format = format
        self.branch = branch
        self.author = author
        self.message = message
        self.batch = batch
        self.isDryRun = isDryRun
    }
}

/// What an import did, or would do.
package struct ImportOutcome: Sendable {
    package let edits: Int
    /// The first lines that repeat or supersede another.
    package let duplicates: [ImportProblem]
    package let duplicateCount: Int
    package let commits: [CommitOutcome]
    /// Facts that were there already with the same value.
    package let unchanged: Int
}

extension KnowledgeBase {
    /// Takes a file of facts in: all of it, or nothing if a line cannot be taken.
    ///
    /// The whole file is read and checked first; a bad line is refused with ``ServiceError/problems``
    /// before anything is written. With `batch`, each commit is whole by itself.
    package func importFacts(
        _ bytes: [UInt8], _ options: ImportOptions, actor: Actor,
        progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws(ServiceError) -> ImportOutcome {
        let file = FactFile(
            bytes, format: options.format,
            multiValued: Set(journal.policy.multiValuedRelations))
        try refuseProblems(file)
        let edits = try draftEdits(file, branch: options.branch)
        let size = try batchSize(options.batch, of: edits.count)
        _ = try wrapping { try journal.head(of: options.branch) }
        guard !options.isDryRun else {
            return ImportOutcome(
                edits: edits.count, duplicates: file.duplicates,
                duplicateCount: file.duplicateCount, commits: [], unchanged: 0)
        }
        var commits: [CommitOutcome] = []
        var unchanged = 0
        for start in stride(from: 0, to: edits.count, by: size) {
            let part = edits[start..<min(start + size, edits.count)]
            let draft = CommitDraft(
                branch: options.branch, expect: nil, author: options.author,
                message: options.message,
                edits: Array(part))
            do {
                let outcome = try await commit(draft, actor: actor)
                commits.append(outcome)
                unchanged += outcome.unchangedCount
            } catch  where error.code == .nothingToCommit {
                unchanged += part.count
            }
            progress(start + part.count, edits.count)
        }
        return ImportOutcome(
            edits: edits.count, duplicates: file.duplicates,
            duplicateCount: file.duplicateCount, commits: commits, unchanged: unchanged)
    }

    private func refuseProblems(_ file: FactFile) throws(ServiceError) {
        guard let first = file.problems.first else { return }
        let rest = file.problemCount > 1 ? " and \(file.problemCount - 1) more lines" : ""
        throw ServiceError(
            .invalidImport, "line \(first.line): \(first.message)\(rest)",
            hint: "Nothing was committed. Mend the lines and import the file again.",
            problems: file.problems)
    }

    private func draftEdits(
        _ file: FactFile, branch: String
    ) throws(ServiceError) -> [DraftEdit] {
        var edits: [DraftEdit] = []
        for (line, edit) in file.edits {
            switch edit {
            case .assert(let fact): edits.append(.assert(fact))
            case .revise(let fact):
                guard try isBelieved(fact, at: branch) else {
                    throw refusal(line, "no fact with the key '\(fact.key)' is there to revise")
                }
                edits.append(.revise(fact))
            case .retract(let name):
                do { edits.append(.retract(try factID(name, at: branch))) } catch {
                    throw refusal(line, error.message)
                }
            }
        }
        guard !edits.isEmpty else {
            throw ServiceError(.invalidImport, "the file holds no facts")
        }
        return edits
    }

    private func isBelieved(_ fact: Fact, at branch: String) throws(ServiceError) -> Bool {
        try wrapping {
            let head = try journal.head(of: branch)
            return try journal.snapshot(at: head).leaf(of: journal.factID(for: fact.key)) != nil
        }
    }

    private func refusal(_ line: Int, _ message: String) -> ServiceError {
        ServiceError(
            .invalidImport, "line \(line): \(message)",
            hint: "Nothing was committed. Mend the lines and import the file again.",
            problems: [ImportProblem(line: line, message: message)])
    }

    private func batchSize(_ batch: Int?, of count: Int) throws(ServiceError) -> Int {
        if let batch {
            guard (1...Commit.editCountMax).contains(batch) else {
                throw ServiceError(
                    .limitExceeded, "the batch is \(batch), 1 to \(Commit.editCountMax) is allowed")
            }
            return batch
        }
        guard count <= Commit.editCountMax else {
            throw ServiceError(
                .limitExceeded,
                "the file holds \(count) facts, a commit at most \(Commit.editCountMax)",
                hint: "Import it in batches.")
        }
        return max(count, 1)
    }
}
