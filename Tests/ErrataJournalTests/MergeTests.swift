import ErrataCore
import ErrataJournal
import Foundation
import Testing

@Suite("Merges and what undoes them")
struct MergeTests {
    private let bob = Actor(
        uid: 1001, gid: 1001, groups: [], pid: 7, userName: "bob", socket: "/run/errata.sock")

    private func refusal<Result>(
        _ body: () async throws -> Result
    ) async -> JournalError? {
        await #expect(throws: JournalError.self) { _ = try await body() }
    }

    private func commit(
        _ journal: Journal, _ fact: Fact, on branch: String = "main", by actor: Actor = alice
    ) async throws -> CommitID {
        let draft = CommitDraft(branch: branch, message: "", edits: [.assert(fact)])
        return try await journal.commit(draft, actor: actor).commit
    }

    @Test("fields that two people changed are each blamed on their own commit")
    func blameByField() async throws {
        try await withJournal { journal, _ in
            let first = try await commit(journal, makeFact("a", "1"))
            _ = try await journal.createBranch("dev", at: first, actor: alice)
            let object = try await commit(journal, makeFact("a", "2"))
            let source = try await commit(
                journal, makeFact("a", "1", source: "s"), on: "dev", by: bob)
            let outcome = try await journal.merge(source, into: "main", message: "", actor: alice)
            guard case .commit(let merge) = outcome else {
                Issue.record("the merge made no commit")
                return
            }
            #expect(merge.conflicts == [])
            let id = journal.factID(for: "a")
            let origins = try journal.blameFields(id, at: merge.commit).mapValues(\.id)
            #expect(origins[.object] == object)
            #expect(origins[.statement] == object)
            #expect(origins[.source] == source)
            #expect(origins[.relation] == first)
            #expect(try journal.blameFields(id, at: merge.commit)[.source]?.actor == bob)
            // A revert of the merge gives the first side back, with its own blame.
            let revert = try await journal.revert(
                merge.commit, on: "main", message: "", actor: bob)
            #expect(try journal.blame(id, at: revert.commit).id == object)
        }
    }

    @Test("a merge asked to refuse conflicts names them and writes nothing")
    func refusedConflicts() async throws {
        try await withJournal { journal, _ in
            let first = try await commit(journal, makeFact("a", "1"))
            _ = try await journal.createBranch("dev", at: first, actor: alice)
            let ours = try await commit(journal, makeFact("a", "2"))
            let theirs = try await commit(journal, makeFact("a", "3"), on: "dev")
            let id = journal.factID(for: "a")
            let error = await refusal {
                try await journal.merge(
                    theirs, into: "main", options: MergeOptions(refusesConflicts: true),
                    message: "", actor: alice)
            }
            #expect(error?.code == .mergeConflict)
            #expect(error?.facts == [id])
            #expect(error?.message == "1 fact was changed on both sides: \(id.hex)")
            #expect(try journal.head(of: "main") == ours)
            let only = await refusal {
                try await journal.merge(
                    theirs, into: "main", options: MergeOptions(fastForward: .only), message: "",
                    actor: alice)
            }
            #expect(only?.code == .mergeConflict)
        }
    }

    @Test("lines that merged each other crosswise merge again without asking twice")
    func crossMerge() async throws {
        try await withJournal { journal, _ in
            let first = try await commit(journal, makeFact("a", "1"))
            _ = try await journal.createBranch("dev", at: first, actor: alice)
            let x = try await commit(journal, makeFact("x", "1"))
            let y = try await commit(journal, makeFact("y", "1"), on: "dev")
            _ = try await journal.merge(y, into: "main", message: "", actor: alice)
            _ = try await journal.merge(x, into: "dev", message: "", actor: alice)
            let ours = try await commit(journal, makeFact("a", "2"))
            let theirs = try await commit(journal, makeFact("x", "2"), on: "dev")
            let outcome = try await journal.merge(theirs, into: "main", message: "", actor: alice)
            guard case .commit(let merge) = outcome else { return }
            #expect(merge.conflicts == [])
            #expect(
                try journal.values(at: merge.commit) == ["a": "2", "x": "2", "y": "1"])
            #expect(try journal.blame(journal.factID(for: "a"), at: merge.commit).id == ours)
            #expect(journal.verify().problems == [])
        }
    }

    @Test("an undo says why it cannot be, and what stands in the way")
    func undoRefusals() async throws {
        try await withJournal { journal, _ in
            let first = try await journal.set([("a", "1")])
            let second = try await journal.set([("a", "2")])
            let later = await refusal { try await journal.undo(first.operation, actor: alice) }
            #expect(later?.code == .undoConflict)
            #expect(
                later?.message == "operation 1 cannot be undone: 'main' was changed again by "
                    + "operation 2")
            let initial = await refusal { try await journal.undo(0, actor: alice) }
            #expect(initial?.code == .cannotUndo)
            #expect(initial?.message == "operation 0 cannot be undone: it is of type 'init'")
            let unknown = await refusal { try await journal.undo(99, actor: alice) }
            #expect(unknown?.code == .unknownOperation)
            let undone = try await journal.undo(second.operation, author: "Ada", actor: alice)
            #expect(undone.commit == first.commit)
            #expect(try journal.operation(undone.operation).author == "Ada")
            // And an undo can be undone.
            let redone = try await journal.undo(undone.operation, actor: alice)
            #expect(redone.commit == second.commit)
        }
    }

    @Test("a tag that was deleted comes back for its old commit alone")
    func tagsNeverMove() async throws {
        try await withJournal { journal, _ in
            let first = try await journal.set([("a", "1")])
            let second = try await journal.set([("a", "2")])
            _ = try await journal.createTag("v1", at: first.commit, actor: alice)
            _ = try await journal.deleteTag("v1", actor: alice)
            let moved = await refusal {
                try await journal.createTag("v1", at: second.commit, actor: alice)
            }
            #expect(moved?.code == .tagExists)
            #expect(
                moved?.message
                    == "the tag 'v1' stood for \(first.commit.short), and a tag never moves")
            _ = try await journal.createTag("v1", at: first.commit, actor: alice)
            #expect(try journal.commit(at: "v1") == first.commit)
        }
    }

    @Test("several commits are taken back in one, but for what others changed later if so asked")
    func rangeRevert() async throws {
        try await withJournal { journal, _ in
            let first = try await journal.set([("a", "1"), ("b", "1")])
            let second = try await journal.set([("a", "2"), ("c", "1")])
            try await journal.set([("b", "9")])
            let parts = [first, second].map { RevertSelection.Part($0.commit) }
            let error = await refusal {
                try await journal.revert(
                    RevertSelection(parts), on: "main", message: "", actor: alice)
            }
            #expect(error?.code == .revertConflict)
            #expect(error?.facts == [journal.factID(for: "b")])
            let outcome = try await journal.revert(
                RevertSelection(parts, skipsChangedLater: true), on: "main", message: "",
                actor: alice)
            #expect(try journal.values(at: outcome.commit) == ["b": "9"])
            let record = try journal.commitRecord(outcome.commit)
            #expect(Set(record.commit.reverts) == [first.commit, second.commit])
        }
    }

    @Test("a policy binds writes from its own operation on, by the kernel's uid")
    func policyBinds() async throws {
        try await withJournal { journal, _ in
            let head = try await journal.set([("a", "1")])
            _ = try await journal.createBranch("dev", at: head.commit, actor: alice)
            let policy = try Policy(
                rules: [.init(.uid(1001), .editor)], protectedBranches: ["main"],
                limits: [.editor: .init(editCountMax: 1)])
            let set = try await journal.setPolicy(policy, actor: alice)
            let fact = try makeFact("a", "2")
            let denied = await refusal {
                try await commit(journal, fact, by: bob)
            }
            #expect(denied?.code == .forbidden)
            #expect(
                denied?.message
                    == "bob (uid 1001) has the role editor, and may not write to protected branches, "
                    + "roll back, delete tags or redact: branch 'main'")
            _ = try await commit(journal, fact, on: "dev", by: bob)
            let two = CommitDraft(
                branch: "dev", message: "",
                edits: [.assert(try makeFact("b", "1")), .assert(try makeFact("c", "1"))])
            let tooMany = await refusal { try await journal.commit(two, actor: bob) }
            #expect(tooMany?.code == .limitExceeded)
            for body in [
                { _ = try await journal.redact(fact: "a", by: bob) },
                { _ = try await journal.setPolicy(.open, actor: bob) },
                { _ = try await journal.undo(set, actor: bob) },
                { _ = try await journal.undo(head.operation, actor: bob) },
                { _ = try await journal.deleteTag("v1", actor: bob) },
            ] as [() async throws -> Void] {
                #expect(await refusal(body)?.code == .forbidden)
            }
            // The owner takes it back, and everybody may write again.
            _ = try await journal.undo(set, actor: alice)
            _ = try await commit(journal, fact, by: bob)
            #expect(try journal.policyOperations(limit: 10).count == 2)
        }
    }

    @Test("a redaction that was cut off behind its operation is finished by opening the store")
    func redactionIsFinished() async throws {
        let store = TemporaryStore()
        var journal = try store.open()
        let first = try await journal.set([("a", "secret"), ("b", "kept")])
        let path = store.directory + "/keys"
        let keys = try Data(contentsOf: URL(filePath: path))
        _ = try await journal.redact(fact: "a", by: alice)
        await journal.close()
        // The key file as it was before: the process ended between the operation and the zeros.
        try keys.write(to: URL(filePath: path))
        journal = try store.open()
        #expect(try journal.values(at: first.commit) == ["b": "kept"])
        #expect(journal.verify().problems == [])
        let fact = journal.factID(for: "a")
        let leaf = try #require(try journal.snapshot(at: first.commit).leaf(of: fact))
        let mark = try #require(try journal.redaction(of: fact, leaf: leaf))
        #expect(mark.reason == "asked for")
        await journal.close()
        #expect(try Data(contentsOf: URL(filePath: path)).prefix(64) == keys.prefix(64))
        #expect(try Data(contentsOf: URL(filePath: path)) != keys)
    }
}

extension Journal {
    fileprivate func redact(fact key: String, by actor: Actor) async throws -> RedactionOutcome {
        try await redact(factID(for: key), reason: "asked for", actor: actor)
    }
}
