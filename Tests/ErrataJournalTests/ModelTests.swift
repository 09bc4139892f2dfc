import ErrataCore
import ErrataJournal
import ErrataTesting
import Testing

@Suite("Against a model that stores whole versions")
struct ModelTests {
    @Test("every version, difference, history and blame is the model's", arguments: UInt64(0)..<8)
    func journalMatchesModel(seed: UInt64) async throws {
        let store = TemporaryStore(seed: seed)
        var run = try ModelRun(store, seed: seed)
        for _ in 0..<70 { try await run.step() }
        try run.compare()
        await run.journal.close()
    }
}

/// The same random operations into a journal and a model.
private struct ModelRun {
    let store: TemporaryStore
    var journal: Journal
    var model: ModelStore
    var random: SplitMix64

    init(_ store: TemporaryStore, seed: UInt64) throws {
        self.store = store
        journal = try store.open()
        model = ModelStore(first: try journal.head(of: "main"))
        random = SplitMix64(seed: seed &+ 1000)
    }

    private mutating func pick<Element>(_ from: [Element]) -> Element {
        from[random.next(upTo: from.count)]
    }

    mutating func step() async throws {
        store.clock.advance(seconds: Int64(random.next(upTo: 3)))
        let branch = pick(model.branches.keys.sorted() + ["nowhere"])
        switch random.next(upTo: 20) {
        case 0..<10: try await commit(on: branch)
        case 10..<13: try await revert(on: branch)
        case 13..<15: try await rollback(branch)
        case 15..<17: try await create()
        case 17: try await delete(branch)
        case 18: try await tag()
        default:
            await journal.close()
            journal = try store.open()
        }
    }

    /// What became of an operation.
    struct Done {
        let commit: CommitID
        var changeCount = 0
        var unchangedCount = 0

        init(_ outcome: CommitOutcome) {
            commit = outcome.commit
            changeCount = outcome.changes.count
            unchangedCount = outcome.unchangedCount
        }

        init(_ outcome: OperationOutcome) { commit = outcome.commit }
    }

    /// Runs `body` and expects it to be refused with the code, or not at all.
    private func attempt(
        _ refusal: Refusal?, _ body: () async throws -> Done
    ) async throws -> Done? {
        var done: Done?
        var code: JournalError.Code?
        do { done = try await body() } catch { code = try #require(error as? JournalError).code }
        #expect(code == refusal?.code)
        return done
    }

    private mutating func commit(on branch: String) async throws {
        var values: [String: String?] = [:]
        for _ in 0...random.next(upTo: 5) {
            let value = random.next(upTo: 5)
            values["k\(random.next(upTo: 14))"] = .some(value == 4 ? nil : "v\(value)")
        }
        let list = values.map { ($0.key, $0.value) }
        let head = random.next(upTo: 2) == 0 ? model.branches[branch] : nil
        switch model.edits(list, on: branch) {
        case .failure(let refusal):
            _ = try await attempt(refusal) {
                Done(try await journal.set(list, on: branch, expect: head))
            }
        case .success(let edits):
            let outcome = try await attempt(nil) {
                Done(try await journal.set(list, on: branch, expect: head))
            }
            guard let outcome else { return }
            #expect(outcome.changeCount == edits.count)
            #expect(outcome.unchangedCount == list.count - edits.count)
            model.add(outcome.commit, edits, on: branch)
        }
    }

    private mutating func revert(on branch: String) async throws {
        let recent = Array(model.order.suffix(6))
        let id = pick(recent)
        let expected = model.revertEdits(id, on: branch)
        var refusal: Refusal?
        if case .failure(let failure) = expected { refusal = failure }
        let outcome = try await attempt(refusal) {
            Done(try await journal.revert(id, on: branch, message: "revert", actor: alice))
        }
        guard let outcome, case .success(let edits) = expected else { return }
        model.add(outcome.commit, edits, on: branch, reverting: id)
    }

    private mutating func rollback(_ branch: String) async throws {
        let id = pick(Array(model.order.suffix(5)))
        let outcome = try await attempt(model.rollbackRefusal(to: id, on: branch)) {
            Done(try await journal.rollback(branch: branch, to: id, actor: alice))
        }
        if outcome != nil { model.move(branch, to: id) }
    }

    private mutating func create() async throws {
        let name = "b\(random.next(upTo: 5))"
        let id = pick(model.order)
        let refusal = model.branches[name].map { _ in Refusal(.branchExists) }
        let outcome = try await attempt(refusal) {
            Done(try await journal.createBranch(name, at: id, actor: alice))
        }
        if outcome != nil { model.move(name, to: id) }
    }

    private mutating func delete(_ branch: String) async throws {
        var refusal: Refusal?
        if model.branches[branch] == nil { refusal = Refusal(.unknownBranch) }
        if branch == "main" { refusal = Refusal(.branchProtected) }
        let outcome = try await attempt(refusal) {
            Done(try await journal.deleteBranch(branch, actor: alice))
        }
        if outcome != nil { model.move(branch, to: nil) }
    }

    private mutating func tag() async throws {
        let name = "t\(random.next(upTo: 4))"
        let id = pick(model.order)
        let refusal = model.tags[name].map { _ in Refusal(.tagExists) }
        let outcome = try await attempt(refusal) {
            Done(try await journal.createTag(name, at: id, actor: alice))
        }
        if outcome != nil { model.tag(name, id) }
    }

    // MARK: Comparing

    mutating func compare() throws {
        try compareVersions()
        try compareNames()
        for _ in 0..<40 {
            let (from, to) = (pick(model.order), pick(model.order))
            try compareDiff(from, to)
        }
        let report = journal.verify()
        #expect(report.problems == [])
        #expect(report.commitCount == model.order.count)
        #expect(report.operationCount == UInt64(model.branchesAfter.count))
    }

    private func compareVersions() throws {
        var roots: [[String: String]: Digest] = [:]
        for id in model.order {
            let values = model.values(at: id)
            #expect(try journal.values(at: id) == values)
            let snapshot = try journal.snapshot(at: id)
            #expect(snapshot.count == values.count)
            #expect(roots[values] == nil || roots[values] == snapshot.rootHash)
            roots[values] = snapshot.rootHash
            #expect(try journal.commitRecord(id).commit.root == snapshot.rootHash)
            #expect(
                try journal.log(from: id, limit: .max).map(\.id) == model.ancestry(of: id))
            for key in 0..<14 { try compareFact("k\(key)", at: id) }
        }
        #expect(Set(roots.values).count == roots.count, "different sets have different roots")
    }

    private func compareFact(_ key: String, at id: CommitID) throws {
        let fact = journal.factID(for: key)
        #expect(
            try journal.history(of: fact, at: id).map(\.commit) == model.history(of: key, at: id))
        if let introduced = model.versions[id]?.introduced[key] {
            #expect(try journal.blame(fact, at: id).id == introduced)
        } else {
            let error = #expect(throws: JournalError.self) { try journal.blame(fact, at: id) }
            #expect(error?.code == .unknownFact)
        }
    }

    private func compareDiff(_ from: CommitID, _ to: CommitID) throws {
        let expected = model.diff(from, to)
        let changes = try journal.diff(from: from, to: to)
        #expect(changes.count == expected.count)
        #expect(changes.map(\.fact) == changes.map(\.fact).sorted())
        for (key, change) in expected {
            let id = journal.factID(for: key)
            let found = try #require(changes.first { $0.fact == id })
            #expect(try found.old.flatMap { try journal.fact(id, leaf: $0)?.object } == change.old)
            #expect(try found.new.flatMap { try journal.fact(id, leaf: $0)?.object } == change.new)
        }
    }

    private func compareNames() throws {
        let branches = try journal.branches().map { ($0.name, $0.commit) }
        #expect(Dictionary(uniqueKeysWithValues: branches) == model.branches)
        let tags = try journal.tags().map { ($0.name, $0.commit) }
        #expect(Dictionary(uniqueKeysWithValues: tags) == model.tags)
        for (sequence, expected) in model.branchesAfter.enumerated() {
            for name in ["main", "b0", "b1", "b2", "b3", "b4"] {
                let found = try? journal.commit(at: "\(name)@{\(sequence)}")
                #expect(found == expected[name], "\(name) after operation \(sequence)")
            }
        }
        for id in model.order.suffix(10) {
            let line = model.ancestry(of: id)
            for steps in [0, 1, 2, 5, 13] {
                let found = try? journal.commit(at: "\(id.hex)~\(steps)")
                #expect(found == (steps < line.count ? line[steps] : nil))
            }
        }
    }
}
