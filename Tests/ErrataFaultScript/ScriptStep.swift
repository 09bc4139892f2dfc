import ErrataCore
import ErrataJournal
import ErrataTesting

/// One thing to do with a store; each case has its method below.
enum ScriptStep: CaseIterable {
    case commit
    case manyFacts
    case largeCommit
    case group
    case revert
    case rollback
    case createBranch
    case deleteBranch
    case createTag
    case deleteTag
    case merge
    case cherryPick
    case undo
    case redact
    case registerModel
    case receipt
    case event
    case eventBesideCommit
    case reopen
}

extension ScriptRun {
    func perform(_ step: ScriptStep) async throws {
        switch step {
        case .commit: try await commit(edits(1 + random.next(upTo: 3)))
        case .manyFacts: try await commit(freshFacts(3 + random.next(upTo: 12), objectBytes: 20))
        case .largeCommit: try await commit(freshFacts(3 + random.next(upTo: 6), objectBytes: 5000))
        case .group: try await group()
        case .revert: try await revert()
        case .rollback: try await rollback()
        case .createBranch: try await createBranch()
        case .deleteBranch: try await deleteBranch()
        case .createTag: try await createTag()
        case .deleteTag: try await deleteTag()
        case .merge: try await merge()
        case .cherryPick: try await cherryPick()
        case .undo: try await undo()
        case .redact: try await redact()
        case .registerModel: try await registerModel()
        case .receipt: try await receipt()
        case .event: try await event()
        case .eventBesideCommit: try await eventBesideCommit()
        case .reopen: try await reopen()
        }
    }

    // MARK: Commits

    private func fact(_ key: String, _ object: String) throws -> DraftEdit {
        .assert(
            try FactDraft(key: key, subject: key, relation: "value", object: object).checked())
    }

    private func edits(_ count: Int) throws -> [DraftEdit] {
        try Set((0..<count).map { _ in random.next(upTo: 12) }).sorted().map { number in
            // Few values, so that old payloads come back to their slots.
            if random.next(upTo: 6) == 0 { return .retract(journal.factID(for: "k\(number)")) }
            return try fact("k\(number)", "v\(random.next(upTo: 5))")
        }
    }

    private func freshFacts(_ count: Int, objectBytes: Int) throws -> [DraftEdit] {
        try (0..<count).map { _ in
            let name = nextName()
            return try fact(name, name + String(repeating: "x", count: objectBytes))
        }
    }

    private func draft(_ edits: [DraftEdit], on branch: String = "main") -> CommitDraft {
        CommitDraft(branch: branch, message: nextName(), edits: edits)
    }

    private func commit(_ edits: [DraftEdit]) async throws {
        let draft = draft(edits, on: try branchNames().randomElement(using: &random) ?? "main")
        try await operation { try await $0.commit(draft, actor: .ada).operation }
    }

    /// Several commits that wait at the same time; those that fail for the disk's sake are tried again alone.
    private func group() async throws {
        let drafts = try (0..<6).map { _ in draft(try edits(2) + freshFacts(1, objectBytes: 20)) }
        let journal = journal
        let failed = await withTaskGroup(of: (Int, Result<UInt64, JournalError>).self) { group in
            for (i, draft) in drafts.enumerated() {
                group.addTask { [marks] in
                    do throws(JournalError) {
                        let operation = try await journal.commit(draft, actor: .ada).operation
                        marks.add("op \(operation)")
                        return (i, .success(operation))
                    } catch { return (i, .failure(error)) }
                }
            }
            return await group.reduce(into: [Int]()) { failed, result in
                if case (let i, .failure(let error)) = result, error.isTrouble { failed.append(i) }
            }
        }
        for i in failed.sorted() {
            try await operation { try await $0.commit(drafts[i], actor: .ada).operation }
        }
    }

    private func revert() async throws {
        let head = try journal.head(of: "main")
        try await operation {
            try await $0.revert(head, on: "main", message: "revert", actor: .ada).operation
        }
    }

    // MARK: Commits of commits

    /// The head of a branch beside `main`; makes one with a commit of its own if there is none.
    private func otherHead() async throws -> CommitID {
        let head = try journal.head(of: "main")
        if let name = try branchNames().first(where: { $0 != "main" }) {
            let other = try journal.head(of: name)
            if other != head { return other }
            let draft = draft(try edits(2) + freshFacts(1, objectBytes: 20), on: name)
            try await operation { try await $0.commit(draft, actor: .ada).operation }
            return try journal.head(of: name)
        }
        try await createBranch()
        return head
    }

    private func merge() async throws {
        let source = try await otherHead()
        try await operation {
            switch try await $0.merge(source, into: "main", message: "merge", actor: .ada) {
            case .commit(let outcome): outcome.operation
            case .fastForward(let outcome): outcome.operation
            }
        }
    }

    private func cherryPick() async throws {
        let commit = try await otherHead()
        try await operation {
            try await $0.cherryPick(commit, onto: "main", message: "pick", actor: .ada).operation
        }
    }

    private func undo() async throws {
        let last = try journal.operationCount - 1
        try await operation { try await $0.undo(last, actor: .ada).operation }
    }

    /// Takes a fact's text away: its keys are overwritten in place.
    private func redact() async throws {
        let fact = journal.factID(for: "k\(random.next(upTo: 12))")
        try await operation {
            try await $0.redact(fact, reason: "told to", actor: .ada).operation
        }
    }

    // MARK: Names

    private func branchNames() throws -> [String] { try journal.branches().map(\.name) }

    private func rollback() async throws {
        let line = try journal.log(from: journal.head(of: "main"), limit: 3)
        guard let target = line.last?.id else { return }
        try await operation {
            try await $0.rollback(branch: "main", to: target, actor: .ada).operation
        }
    }

    private func createBranch() async throws {
        let name = "b\(random.next(upTo: 3))"
        let head = try journal.head(of: "main")
        try await operation {
            try await $0.createBranch(name, at: head, actor: .ada).operation
        }
    }

    private func deleteBranch() async throws {
        guard let name = try branchNames().first(where: { $0 != "main" }) else { return }
        try await operation { try await $0.deleteBranch(name, actor: .ada).operation }
    }

    private func createTag() async throws {
        let name = "t" + nextName()
        let head = try journal.head(of: "main")
        try await operation {
            try await $0.createTag(name, at: head, message: "tag", actor: .ada).operation
        }
    }

    private func deleteTag() async throws {
        guard let name = try journal.tags().first?.name else { return }
        try await operation { try await $0.deleteTag(name, actor: .ada).operation }
    }

    private func registerModel() async throws {
        let name = nextName()
        let model = try ModelRegistration(
            name: "lookup", kind: .lookup, hash: .sha256(Array(name.utf8)), encoder: nil,
            precision: nil)
        try await operation { try await $0.registerModel(model, actor: .ada) }
    }

    // MARK: Events

    private func receipt() async throws {
        let body = Array(nextName().utf8)
        try await event { try await $0.putReceipt(.sha256(body), body: body, actor: .ada) }
    }

    private func event() async throws {
        let body = [UInt8](repeating: 7, count: 100 + random.next(upTo: 6000))
        try await event { try await $0.appendEvent(kind: "read", body: body, actor: .ada) }
    }

    /// Both environments write at the same time.
    private func eventBesideCommit() async throws {
        let (journal, marks) = (journal, marks)
        let body = Array(nextName().utf8)
        async let noted: Void = {
            let sequence = try? await journal.putReceipt(.sha256(body), body: body, actor: .ada)
            if let sequence { marks.add("event \(sequence)") }
        }()
        let edits = try freshFacts(2, objectBytes: 20)
        let result: Result<UInt64, any Error>
        do {
            result = .success(try await journal.commit(draft(edits), actor: .ada).operation)
        } catch { result = .failure(error) }
        await noted
        if case .success(let operation) = result { marks.add("op \(operation)") }
    }
}
