import ErrataCore
import ErrataJournal

/// What a fact says, in the model.
indirect enum Item: Hashable {
    case plain(Plain)
    /// What both sides came from, and the sides, that of the branch merged into first; nil is a retracted fact.
    case conflict(base: Item?, [Plain?])

    struct Plain: Hashable {
        let object: String
        var source: String?
        /// How often this very text was redacted before: what comes back is another value.
        var life = 0
    }

    var sides: [Plain?] {
        switch self {
        case .plain(let plain): [plain]
        case .conflict(_, let sides): sides
        }
    }
}

extension Item? {
    /// The plain values that it may stand for.
    fileprivate var sides: [Item.Plain?] { self?.sides ?? [nil] }
}

/// The slow obvious store: every version whole, every lookup a walk.
struct ModelStore {
    struct Version {
        let parents: [CommitID]
        let items: [String: Item]
        /// The commit that introduced each plain value, and each conflict as a whole.
        let origins: [String: [Item: CommitID]]
        /// Each changed key with its value before and after.
        let edits: [String: Change]
    }

    struct Change: Equatable {
        let old: Item?
        let new: Item?
    }

    struct Operation {
        /// The name that it moved; nil if it moved none.
        var name: String?
        var isTag = false
        var before: CommitID?
    }

    var versions: [CommitID: Version]
    var order: [CommitID]
    var branches: [String: CommitID]
    var tags: [String: CommitID] = [:]
    /// Where each tag ever stood.
    var oldTags: [String: CommitID] = [:]
    /// Where all names stood after each operation.
    var namesAfter: [[String: CommitID]]
    var operations: [Operation]
    var redacted: Set<[String]> = []

    init(first: CommitID) {
        versions = [first: Version(parents: [], items: [:], origins: [:], edits: [:])]
        order = [first]
        branches = ["main": first]
        namesAfter = [branches]
        operations = [Operation(name: "main")]
    }

    // MARK: Asking

    func line(of id: CommitID) -> [CommitID] {
        var line: [CommitID] = []
        var next: CommitID? = id
        while let id = next {
            line.append(id)
            next = versions[id]?.parents.first
        }
        return line
    }

    /// All commits that `id` has in its history, itself included.
    func ancestors(of id: CommitID) -> Set<CommitID> {
        var found: Set<CommitID> = []
        var waiting = [id]
        while let id = waiting.popLast() {
            if found.insert(id).inserted { waiting += versions[id]?.parents ?? [] }
        }
        return found
    }

    func items(at id: CommitID) -> [String: Item] { versions[id]?.items ?? [:] }

    func isReadable(_ key: String, _ plain: Item.Plain) -> Bool {
        !redacted.contains([key, plain.object, plain.source ?? "", "\(plain.life)"])
    }

    /// The objects that can be read.
    func values(at id: CommitID) -> [String: String] {
        var values: [String: String] = [:]
        for (key, item) in items(at: id) {
            if case .plain(let plain) = item, isReadable(key, plain) { values[key] = plain.object }
        }
        return values
    }

    func diff(_ from: CommitID, _ to: CommitID) -> [String: Change] {
        let (old, new) = (items(at: from), items(at: to))
        var changes: [String: Change] = [:]
        for key in Set(old.keys).union(new.keys) where old[key] != new[key] {
            changes[key] = Change(old: old[key], new: new[key])
        }
        return changes
    }

    func history(of key: String, at id: CommitID) -> [CommitID] {
        let ancestors = ancestors(of: id)
        return order.reversed().filter {
            ancestors.contains($0) && versions[$0]?.edits[key] != nil
        }
    }

    /// This text as a value that the store can still read.
    func living(_ key: String, _ object: String, _ source: String?) -> Item.Plain {
        var plain = Item.Plain(object: object, source: source)
        while !isReadable(key, plain) { plain.life += 1 }
        return plain
    }

    // MARK: Doing

    /// Returns what a commit of these values would change, or the code of its refusal.
    func edits(
        _ values: [(String, Item.Plain?)], on branch: String
    ) -> Result<[String: Change], Refusal> {
        guard let head = branches[branch] else { return .failure(.init(.unknownBranch)) }
        let before = items(at: head)
        var edits: [String: Change] = [:]
        for (key, value) in values {
            if value == nil, before[key] == nil { return .failure(.init(.unknownFact)) }
            let item = value.map(Item.plain)
            if before[key] != item { edits[key] = Change(old: before[key], new: item) }
        }
        return edits.isEmpty ? .failure(.init(.nothingToCommit)) : .success(edits)
    }

    func revertEdits(
        _ ids: [CommitID], on branch: String, skips: Bool = false
    ) -> Result<[String: Change], Refusal> {
        guard let head = branches[branch] else { return .failure(.init(.unknownBranch)) }
        let history = ancestors(of: head)
        guard ids.allSatisfy(history.contains) else { return .failure(.init(.notAnAncestor)) }
        let now = items(at: head)
        var after = now
        var changedLater: Set<String> = []
        for id in order.reversed() where ids.contains(id) {
            for (key, change) in versions[id]?.edits ?? [:] {
                if after[key] != change.new { changedLater.insert(key) }
                after[key] = change.old
            }
        }
        guard changedLater.isEmpty || skips else { return .failure(.init(.revertConflict)) }
        var edits: [String: Change] = [:]
        for key in Set(now.keys).union(after.keys) where !changedLater.contains(key) {
            if now[key] != after[key] { edits[key] = Change(old: now[key], new: after[key]) }
        }
        return edits.isEmpty ? .failure(.init(.nothingToCommit)) : .success(edits)
    }

    func rollbackRefusal(to id: CommitID, on branch: String) -> Refusal? {
        guard let head = branches[branch] else { return Refusal(.unknownBranch) }
        if head == id { return Refusal(.nothingToCommit) }
        return ancestors(of: head).contains(id) ? nil : Refusal(.notAnAncestor)
    }

    /// Returns why an operation cannot be undone now.
    func undoRefusal(of number: Int) -> Refusal? {
        guard number > 0, let name = operations[number].name else { return Refusal(.cannotUndo) }
        guard operations.lastIndex(where: { $0.name == name }) == number else {
            return Refusal(.undoConflict)
        }
        return nil
    }

    // MARK: Writing down

    mutating func add(
        _ id: CommitID, _ edits: [String: Change], on branch: String, merging: CommitID? = nil,
        reverting: [CommitID] = [], picking: CommitID? = nil
    ) {
        guard let head = branches[branch], let parent = versions[head] else { return }
        var items = parent.items
        var origins = parent.origins
        // The oldest commit that a revert takes back comes first.
        let reverted = order.filter(reverting.contains).compactMap { versions[$0] }
        for (key, change) in edits {
            items[key] = change.new
            var sources = [merging, picking].compactMap(\.self).compactMap { versions[$0] }
            if let taken = reverted.first(where: { $0.edits[key] != nil }),
                let before = taken.parents.first.flatMap({ versions[$0] })
            {
                sources.append(before)
            }
            origins[key] = change.new.map { item in
                var found: [Item: CommitID] = [:]
                for part in [item] + item.sides.compactMap({ $0.map(Item.plain) }) {
                    found[part] =
                        ([parent] + sources).compactMap({ $0.origins[key]?[part] }).first ?? id
                }
                return found
            }
        }
        versions[id] = Version(
            parents: [head] + (merging.map { [$0] } ?? []), items: items, origins: origins,
            edits: edits)
        order.append(id)
        move(branch, to: id)
    }

    private mutating func note(_ operation: Operation) {
        operations.append(operation)
        namesAfter.append(branches.merging(tags) { branch, _ in branch })
    }

    mutating func move(_ branch: String, to id: CommitID?) {
        let before = branches[branch]
        branches[branch] = id
        note(Operation(name: branch, before: before))
    }

    mutating func tag(_ name: String, _ id: CommitID?) {
        let before = tags[name]
        tags[name] = id
        if let id { oldTags[name] = id }
        note(Operation(name: name, isTag: true, before: before))
    }

    mutating func undo(_ number: Int) {
        let operation = operations[number]
        guard let name = operation.name else { return }
        operation.isTag ? tag(name, operation.before) : move(name, to: operation.before)
    }

    mutating func redact(_ key: String, _ values: [Item.Plain]) {
        for value in values {
            redacted.insert([key, value.object, value.source ?? "", "\(value.life)"])
        }
        note(Operation())
    }

    /// Every value that a fact ever had and that can be read.
    func readable(_ key: String) -> [Item.Plain] {
        let all = versions.values.flatMap { version in
            version.edits[key].map { [$0.old, $0.new] } ?? []
        }
        return Set(all.flatMap { $0.sides.compactMap(\.self) }).filter { isReadable(key, $0) }
    }
}

// MARK: Merging

extension ModelStore {
    enum Merge {
        case refused(Refusal)
        case forward
        case commit([String: Change])
    }

    /// Returns what merging `source` into a branch leads to.
    func merge(_ source: CommitID, into branch: String) -> Merge {
        guard let head = branches[branch] else { return .refused(.init(.unknownBranch)) }
        let (mine, other) = (ancestors(of: head), ancestors(of: source))
        if mine.contains(source) { return .refused(.init(.nothingToCommit)) }
        if other.contains(head) { return .forward }
        let common = mine.intersection(other)
        let best = common.filter { id in
            !common.contains(where: { $0 != id && ancestors(of: $0).contains(id) })
        }
        let bases = order.filter(best.contains).map { items(at: $0) }
        let (ours, theirs) = (items(at: head), items(at: source))
        var edits: [String: Change] = [:]
        for key in Set(ours.keys).union(theirs.keys).union(bases.flatMap(\.keys)) {
            let new = merged(key, bases.map { $0[key] }, ours[key], theirs[key])
            if new != ours[key] { edits[key] = Change(old: ours[key], new: new) }
        }
        return .commit(edits)
    }

    func pick(_ id: CommitID, onto branch: String) -> Result<[String: Change], Refusal> {
        guard let head = branches[branch] else { return .failure(.init(.unknownBranch)) }
        let ours = items(at: head)
        var edits: [String: Change] = [:]
        for (key, change) in versions[id]?.edits ?? [:] {
            let new = merged(key, [change.old], ours[key], change.new)
            if new != ours[key] { edits[key] = Change(old: ours[key], new: new) }
        }
        return edits.isEmpty ? .failure(.init(.nothingToCommit)) : .success(edits)
    }

    private func merged(_ key: String, _ bases: [Item?], _ ours: Item?, _ theirs: Item?) -> Item? {
        if ours == theirs { return ours }
        switch (bases.contains(ours), bases.contains(theirs)) {
        case (true, false): return theirs
        case (false, true): return ours
        default: break
        }
        let base = Set(bases).count == 1 ? bases[0] : nil
        if case .plain(let mine)? = ours, case .plain(let other)? = theirs,
            isReadable(key, mine), isReadable(key, other)
        {
            var start: Item.Plain?
            if case .plain(let plain)? = base, isReadable(key, plain) { start = plain }
            if let object = choice(start?.object, mine.object, other.object),
                let source = choice(start?.source, mine.source, other.source)
            {
                return .plain(living(key, object, source))
            }
        }
        if Set(theirs.sides).isSubset(of: ours.sides) { return ours }
        var sides: [Item.Plain?] = []
        for side in ours.sides + theirs.sides where !sides.contains(side) { sides.append(side) }
        return .conflict(base: base, sides)
    }

    /// Nil is a contradiction.
    private func choice<Value: Equatable>(_ base: Value?, _ mine: Value, _ other: Value) -> Value? {
        if mine == other { return mine }
        if mine == base { return other }
        return other == base ? mine : nil
    }

    private func choice(_ base: String?, _ mine: String?, _ other: String?) -> String?? {
        if mine == other || other == base { return .some(mine) }
        return mine == base ? .some(other) : nil
    }
}

/// The code that the journal must refuse with.
struct Refusal: Error {
    let code: JournalError.Code
    init(_ code: JournalError.Code) { self.code = code }
}
