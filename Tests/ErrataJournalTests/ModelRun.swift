import ErrataCore
import ErrataJournal
import ErrataTesting
import Testing

/// The same random operations into a journal and a model.
struct ModelRun {
    static let keyCount = 9
    let store: TemporaryStore
    private(set) var journal: Journal
    private(set) var model: ModelStore
    var random: SplitMix64

    init(_ store: TemporaryStore, seed: UInt64) throws {
        self.store = store
        journal = try store.open()
        model = ModelStore(first: try journal.head(of: "main"))
        random = SplitMix64(seed: seed &+ 1000)
    }

    mutating func pick<Element>(_ from: [Element]) -> Element {
        from[random.next(upTo: from.count)]
    }

    mutating func step() async throws {
        store.clock.advance(seconds: Int64(random.next(upTo: 3)))
        let branch =
            random.next(upTo: 12) == 0 ? "nowhere" : pick(model.branches.keys.sorted())
        switch random.next(upTo: 40) {
        case 0..<13: try await commit(on: branch)
        case 13..<16: try await revert(on: branch)
        case 16..<18: try await rollback(branch)
        case 18..<21: try await create()
        case 21: try await delete(branch)
        case 22: try await tag()
        case 23..<29: try await merge(into: branch)
        case 29..<32: try await choose(on: branch)
        case 32..<34: try await cherryPick(onto: branch)
        case 34..<37: try await undo()
        case 37: try await redact()
        case 38: try await deleteTag()
        default:
            await journal.close()
            if random.next(upTo: 2) == 0 { try compact() }
            journal = try store.open()
        }
    }

    /// Puts files without free pages in the place of the store's, as `errata compact` does.
    private func compact() throws {
        let draft = try StoreDraft(for: store.directory + "/compacted")
        let verifier = try StoreVerifier(reading: store.directory)
        defer { verifier.close() }
        try StoreCopy(of: verifier, in: store.directory).write(to: draft.path) { _, _ in }
        try draft.replaceFiles(of: store.directory)
    }

    func close() async { await journal.close() }

    // MARK: Operations

    /// Runs `body` and expects it to be refused with the code, or not at all.
    private func attempt<Done>(
        _ refusal: Refusal?, _ body: () async throws -> Done
    ) async throws -> Done? {
        var done: Done?
        var code: JournalError.Code?
        do { done = try await body() } catch { code = try #require(error as? JournalError).code }
        try #require(code == refusal?.code)
        return done
    }

    private mutating func commit(on branch: String) async throws {
        var values: [String: Item.Plain?] = [:]
        for _ in 0...random.next(upTo: 4) {
            let key = "k\(random.next(upTo: ModelRun.keyCount))"
            let value = random.next(upTo: 5)
            let source = ["s0", "s1", nil][random.next(upTo: 3)]
            values[key] = .some(value == 4 ? nil : model.living(key, "v\(value)", source))
        }
        let list = values.map { ($0.key, $0.value) }
        let drafts = try list.map { key, value -> DraftEdit in
            guard let value else { return .retract(journal.factID(for: key)) }
            return .assert(try makeFact(key, value.object, source: value.source))
        }
        let draft = CommitDraft(branch: branch, message: "set", edits: drafts)
        try await commit(draft, model.edits(list, on: branch), on: branch)
    }

    private mutating func commit(
        _ draft: CommitDraft, _ expected: Result<[String: ModelStore.Change], Refusal>,
        on branch: String
    ) async throws {
        let journal = journal
        try await take(expected, on: branch) { try await journal.commit(draft, actor: alice) }
    }

    /// Runs `body`, which must do what the model expects, and writes it down.
    private mutating func take(
        _ expected: Result<[String: ModelStore.Change], Refusal>, on branch: String,
        merging: CommitID? = nil, reverting: [CommitID] = [], picking: CommitID? = nil,
        _ body: () async throws -> CommitOutcome
    ) async throws {
        var refusal: Refusal?
        if case .failure(let failure) = expected { refusal = failure }
        let outcome = try await attempt(refusal, body)
        guard let outcome, case .success(let edits) = expected else { return }
        try #require(Set(outcome.changes.map(\.fact)) == Set(edits.keys.map(journal.factID(for:))))
        model.add(
            outcome.commit, edits, on: branch, merging: merging, reverting: reverting,
            picking: picking)
    }

    private mutating func revert(on branch: String) async throws {
        var ids = [pick(Array(model.order.suffix(6)))]
        while random.next(upTo: 3) == 0 { ids.append(pick(Array(model.order.suffix(6)))) }
        ids = Array(Set(ids)).sorted()
        let skips = random.next(upTo: 3) == 0
        let selection = RevertSelection(
            ids.map { RevertSelection.Part($0) }, skipsChangedLater: skips)
        let journal = journal
        try await take(
            model.revertEdits(ids, on: branch, skips: skips), on: branch, reverting: ids
        ) {
            try await journal.revert(selection, on: branch, message: "revert", actor: alice)
        }
    }

    private mutating func merge(into branch: String) async throws {
        let source = pick(model.branches.values.sorted() + model.order.suffix(4))
        let journal = journal
        switch model.merge(source, into: branch) {
        case .refused(let refusal):
            _ = try await attempt(refusal) {
                try await journal.merge(source, into: branch, message: "merge", actor: alice)
            }
        case .forward:
            let outcome = try await attempt(nil) {
                try await journal.merge(source, into: branch, message: "merge", actor: alice)
            }
            guard case .fastForward? = outcome else {
                Issue.record("the branch should have been moved: \(String(describing: outcome))")
                return
            }
            model.move(branch, to: source)
        case .commit(let edits):
            try await take(.success(edits), on: branch, merging: source) {
                let outcome = try await journal.merge(
                    source, into: branch, message: "merge", actor: alice)
                guard case .commit(let commit) = outcome else { throw Refusal(.mergeConflict) }
                return commit
            }
        }
    }

    private mutating func cherryPick(onto branch: String) async throws {
        let id = pick(Array(model.order.suffix(8)))
        let journal = journal
        try await take(model.pick(id, onto: branch), on: branch, picking: id) {
            try await journal.cherryPick(id, onto: branch, message: "pick", actor: alice)
        }
    }

    /// Settles a conflict of a branch, where there is one.
    private mutating func choose(on branch: String) async throws {
        guard let head = model.branches[branch] else { return }
        let conflicts = model.items(at: head).filter { $0.value.sides.count > 1 }
            .sorted { $0.key < $1.key }
        guard !conflicts.isEmpty else { return }
        let (key, item) = pick(conflicts)
        let side = pick(item.sides)
        let id = journal.factID(for: key)
        let found = try #require(try journal.conflicts(at: head).first { $0.fact == id })
        let place = try #require(item.sides.firstIndex(of: side))
        let draft = CommitDraft(
            branch: branch, message: "choose", edits: [.choose(id, found.sides[place])])
        let change = ModelStore.Change(old: item, new: side.map(Item.plain))
        try await commit(draft, .success([key: change]), on: branch)
    }

    // MARK: Names

    private mutating func rollback(_ branch: String) async throws {
        let id = pick(Array(model.order.suffix(5)))
        let outcome = try await attempt(model.rollbackRefusal(to: id, on: branch)) {
            try await journal.rollback(branch: branch, to: id, actor: alice)
        }
        if outcome != nil { model.move(branch, to: id) }
    }

    private mutating func create() async throws {
        let name = "b\(random.next(upTo: 4))"
        let id = pick(Array(model.order.suffix(8)))
        let refusal = model.branches[name].map { _ in Refusal(.branchExists) }
        let outcome = try await attempt(refusal) {
            try await journal.createBranch(name, at: id, actor: alice)
        }
        if outcome != nil { model.move(name, to: id) }
    }

    private mutating func delete(_ branch: String) async throws {
        var refusal: Refusal?
        if model.branches[branch] == nil { refusal = Refusal(.unknownBranch) }
        if branch == "main" { refusal = Refusal(.branchProtected) }
        let outcome = try await attempt(refusal) {
            try await journal.deleteBranch(branch, actor: alice)
        }
        if outcome != nil { model.move(branch, to: nil) }
    }

    private mutating func tag() async throws {
        let name = "t\(random.next(upTo: 3))"
        let id = pick(model.order)
        var refusal: Refusal?
        if model.tags[name] != nil || model.oldTags[name].map({ $0 != id }) == true {
            refusal = Refusal(.tagExists)
        }
        let outcome = try await attempt(refusal) {
            try await journal.createTag(name, at: id, actor: alice)
        }
        if outcome != nil { model.tag(name, id) }
    }

    private mutating func deleteTag() async throws {
        let name = "t\(random.next(upTo: 3))"
        let refusal = model.tags[name] == nil ? Refusal(.unknownTag) : nil
        let outcome = try await attempt(refusal) {
            try await journal.deleteTag(name, actor: alice)
        }
        if outcome != nil { model.tag(name, nil) }
    }

    private mutating func undo() async throws {
        let count = model.operations.count
        let number = max(0, count - 1 - random.next(upTo: 6))
        let outcome = try await attempt(model.undoRefusal(of: number)) {
            try await journal.undo(UInt64(number), actor: alice)
        }
        if outcome != nil { model.undo(number) }
    }

    private mutating func redact() async throws {
        let key = "k\(random.next(upTo: ModelRun.keyCount))"
        let values = model.readable(key)
        let refusal = values.isEmpty ? Refusal(.unknownFact) : nil
        let outcome = try await attempt(refusal) {
            try await journal.redact(
                journal.factID(for: key), reason: "asked for", actor: alice)
        }
        guard let outcome else { return }
        try #require(outcome.leaves.count == values.count)
        model.redact(key, values)
    }
}
