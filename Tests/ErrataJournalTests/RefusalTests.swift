import ErrataCore
import ErrataJournal
import Testing

@Suite("A refusal")
struct RefusalTests {
    /// Runs `body` and returns what it was refused with.
    private func refusal<Result>(
        _ body: () async throws -> Result
    ) async -> JournalError? {
        await #expect(throws: JournalError.self) { _ = try await body() }
    }

    @Test("of a stale expectation names both heads and carries the new one")
    func headMoved() async throws {
        try await withJournal { journal, _ in
            let first = try await journal.set([("a", "1")])
            let second = try await journal.set([("a", "2")])
            let error = await refusal { try await journal.set([("a", "3")], expect: first.commit) }
            #expect(error?.code == .headMoved)
            #expect(error?.head == second.commit)
            #expect(
                error?.message
                    == "branch 'main' is at \(second.commit.short), not at \(first.commit.short)")
            #expect(
                error?.hint == "Read the branch again and rebuild the commit on its new head.")
            #expect(try journal.head(of: "main") == second.commit)
        }
    }

    @Test("of a revert under a later change lists the facts")
    func revertConflict() async throws {
        try await withJournal { journal, _ in
            let first = try await journal.set([("a", "1"), ("b", "1")])
            try await journal.set([("a", "2")])
            let error = await refusal {
                try await journal.revert(first.commit, on: "main", message: "", actor: alice)
            }
            let fact = journal.factID(for: "a")
            #expect(error?.code == .revertConflict)
            #expect(error?.facts == [fact])
            #expect(
                error?.message
                    == "commit \(first.commit.short) cannot be reverted, 1 of its facts changed "
                    + "later: \(fact.hex)")
        }
    }

    @Test("leaves the other requests of its group alone")
    func groupSurvives() async throws {
        try await withJournal { journal, _ in
            let head = try journal.head(of: "main")
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for i in 0..<40 {
                    group.addTask {
                        let stale = i.isMultiple(of: 2) ? CommitID(Digest.sha256([1])) : nil
                        let outcome = try? await journal.set([("k\(i)", "v")], expect: stale)
                        return outcome != nil
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 } == 20)
            let values = try journal.values(at: try journal.head(of: "main"))
            #expect(
                values
                    == Dictionary(
                        uniqueKeysWithValues: (0..<40).filter { !$0.isMultiple(of: 2) }
                            .map { ("k\($0)", "v") }))
            #expect(try journal.isAncestor(head, of: journal.head(of: "main")))
            #expect(journal.verify().isClean)
        }
    }

    @Test("says which fact is unknown, repeated or unchanged")
    func editRefusals() async throws {
        try await withJournal { journal, _ in
            let id = journal.factID(for: "a")
            let absent = await refusal { try await journal.set([("a", nil)]) }
            #expect(absent?.code == .unknownFact)
            #expect(absent?.message == "the fact \(id.hex) is not believed on the branch")

            let revise = CommitDraft(
                branch: "main", message: "", edits: [.revise(try makeFact("a", "1"))])
            #expect(
                await refusal { try await journal.commit(revise, actor: alice) }?.code
                    == .unknownFact)

            let twice = await refusal { try await journal.set([("a", "1"), ("a", "2")]) }
            #expect(twice?.code == .duplicateEdit)
            #expect(twice?.message == "two edits of the commit change the fact \(id.hex)")

            try await journal.set([("a", "1")])
            let same = await refusal { try await journal.set([("a", "1")]) }
            #expect(same?.code == .nothingToCommit)
            #expect(same?.message == "the commit changes nothing")
            let mixed = try await journal.set([("a", "1"), ("b", "1")])
            #expect(mixed.unchangedCount == 1)
            #expect(mixed.changes.map(\.fact) == [journal.factID(for: "b")])
        }
    }

    @Test("of a name says what names are like")
    func nameRefusals() async throws {
        try await withJournal { journal, _ in
            let head = try journal.head(of: "main")
            let bad = await refusal {
                try await journal.createBranch("deadbeef", at: head, actor: alice)
            }
            #expect(bad?.code == .invalidName)
            #expect(bad?.message == "'deadbeef' cannot name a branch or tag")
            let unknown = await refusal { try await journal.set([("a", "1")], on: "dev") }
            #expect(unknown?.code == .unknownBranch)
            #expect(unknown?.message == "no branch is called 'dev'")

            _ = try await journal.createBranch("dev", at: head, actor: alice)
            let twice = await refusal {
                try await journal.createBranch("dev", at: head, actor: alice)
            }
            #expect(twice?.code == .branchExists)
            #expect(twice?.message == "a branch 'dev' exists already, at \(head.short)")
            let tag = await refusal { try await journal.createTag("dev", at: head, actor: alice) }
            #expect(tag?.code == .branchExists)
            _ = try await journal.createTag("v1", at: head, message: "one", actor: alice)
            let branch = await refusal {
                try await journal.createBranch("v1", at: head, actor: alice)
            }
            #expect(branch?.code == .tagExists)
            let main = await refusal { try await journal.deleteBranch("main", actor: alice) }
            #expect(main?.code == .branchProtected)
            let nowhere = CommitID(Digest.sha256([7]))
            let missing = await refusal {
                try await journal.createBranch("x", at: nowhere, actor: alice)
            }
            #expect(missing?.message == "no commit has the id \(nowhere.hex)")
        }
    }

    @Test("of a rollback off the branch's line")
    func rollbackRefusals() async throws {
        try await withJournal { journal, _ in
            let base = try journal.head(of: "main")
            _ = try await journal.createBranch("dev", at: base, actor: alice)
            let other = try await journal.set([("a", "1")], on: "dev")
            let error = await refusal {
                try await journal.rollback(branch: "main", to: other.commit, actor: alice)
            }
            #expect(error?.code == .notAnAncestor)
            #expect(
                error?.message
                    == "commit \(other.commit.short) is not in the history of branch 'main'")
        }
    }

    @Test("of words that are too long or hold control characters")
    func textRefusals() async throws {
        try await withJournal { journal, _ in
            let edits: [DraftEdit] = [.assert(try makeFact("a", "1"))]
            for (author, message, code) in [
                ("bob\u{1b}[31m", "m", JournalError.Code.invalidText),
                ("bob", "m\u{0}", .invalidText),
                (String(repeating: "b", count: 301), "m", .limitExceeded),
                ("bob", String(repeating: "m", count: 10_001), .limitExceeded),
            ] {
                let draft = CommitDraft(
                    branch: "main", author: author, message: message, edits: edits)
                let error = await refusal { try await journal.commit(draft, actor: alice) }
                #expect(error?.code == code)
            }
            let long = CommitDraft(
                branch: "main", message: String(repeating: "m", count: 10_001), edits: edits)
            let error = await refusal { try await journal.commit(long, actor: alice) }
            #expect(
                error?.message == "the length of the message is 10001, at most 10000 is allowed")
        }
    }

    @Test("after closing says that the store is closed")
    func closed() async throws {
        let store = TemporaryStore()
        let journal = try store.open()
        await journal.close()
        await journal.close()
        let writing = await refusal { try await journal.set([("a", "1")]) }
        #expect(writing?.code == .storeClosed)
        let reading = await refusal { try journal.branches() }
        #expect(reading?.code == .storeClosed)
        let event = await refusal {
            try await journal.appendEvent(kind: "ask", body: [], actor: alice)
        }
        #expect(event?.code == .storeClosed)
    }

    @Test("codes are lower-case words and stay as they are")
    func codes() {
        #expect(
            JournalError.Code.allCases.map(\.rawValue) == [
                "unknown_branch", "unknown_revision", "ambiguous_revision", "unknown_fact",
                "unknown_operation", "unknown_event", "unknown_tag", "invalid_name", "head_moved",
                "branch_exists", "tag_exists", "branch_protected", "invalid_text",
                "nothing_to_commit", "duplicate_edit", "revert_conflict", "not_an_ancestor",
                "merge_conflict", "not_in_conflict", "undo_conflict", "cannot_undo", "forbidden",
                "limit_exceeded", "store_locked", "store_closed", "unsupported_file_system",
                "unsupported_format", "store_outdated", "corrupt", "storage_full",
                "storage_read_only", "io",
            ])
    }
}
