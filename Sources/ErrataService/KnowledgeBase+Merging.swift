package import ErrataCore
package import ErrataJournal

/// Where a commit that the service makes goes, and what it says.
package struct CommitPlace: Sendable {
    package var branch: String
    /// The revision that the branch must be at.
    package var expect: String?
    package var author: String?
    /// Nil takes a sentence that says what was done, without text of facts.
    package var message: String?

    package init(
        branch: String = RefName.main.text, expect: String? = nil, author: String? = nil,
        message: String? = nil
    ) {
        self.branch = branch
        self.expect = expect
        self.author = author
        self.message = message
    }
}

/// What a fact in conflict is from here on.
package enum Resolution: Sendable {
    /// A side's value; sides count from 1.
    case side(Int)
    /// Another object, with the other fields of a side: the first that can be read if nil.
    case object(String, fieldsOf: Int?)
    case retracted
}

/// What a merge did to its branch.
package struct MergeResult: Sendable {
    package let outcome: MergeOutcome
    /// The branch's head before.
    package let from: CommitID
    /// What changed on the branch, in the order of fact ids.
    package let changes: [Edit]
}

extension KnowledgeBase {
    /// How often a change that was made for a head is made again for a later one.
    private static let attemptCountMax = 5

    /// Merges a revision into a branch.
    package func merge(
        _ revision: String, into place: CommitPlace, options: MergeOptions = MergeOptions(),
        actor: Actor
    ) async throws(ServiceError) -> MergeResult {
        let source = try resolve(revision)
        let expect = try expected(place.expect)
        do {
            let outcome = try await journal.merge(
                source, into: place.branch, options: options, expect: expect,
                author: place.author,
                message: place.message ?? "Merge \(revision) into \(place.branch)", actor: actor)
            switch outcome {
            case .fastForward(let move):
                guard let from = try journal.operation(move.operation).body.from else {
                    throw ServiceError(.corrupt, "operation \(move.operation) moved no branch")
                }
                let changes = try journal.diff(from: from, to: move.commit)
                return MergeResult(outcome: outcome, from: from, changes: changes)
            case .commit(let commit):
                guard let from = try journal.commitRecord(commit.commit).commit.parents.first
                else { throw ServiceError(.corrupt, "merge \(commit.commit.hex) has no parent") }
                return MergeResult(outcome: outcome, from: from, changes: commit.changes)
            }
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Makes the edits of a commit again on a branch.
    package func cherryPick(
        _ revision: String, onto place: CommitPlace, refusesConflicts: Bool = false, actor: Actor
    ) async throws(ServiceError) -> CommitOutcome {
        let commit = try resolve(revision)
        let expect = try expected(place.expect)
        do {
            let message = try place.message ?? sentence("Cherry-pick", commit)
            return try await journal.cherryPick(
                commit, onto: place.branch, refusesConflicts: refusesConflicts, expect: expect,
                author: place.author, message: message, actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }

    /// Returns `Revert 4be19c77a0d2: what it said`.
    func sentence(_ verb: String, _ commit: CommitID) throws(ServiceError) -> String {
        let message = try wrapping { try journal.commitRecord(commit).commit.message }
        return "\(verb) \(commit.short): " + message.prefix { !$0.isNewline }.prefix(200)
    }

    // MARK: Resolving

    /// Settles the conflict that a fact is in on a branch.
    package func resolve(
        _ name: String, by resolution: Resolution, on place: CommitPlace, actor: Actor
    ) async throws(ServiceError) -> CommitOutcome {
        try await remaking(for: place) { head throws(ServiceError) in
            let id = try factID(name, at: head.hex)
            let leaf = try wrapping { try journal.snapshot(at: head).leaf(of: id) }
            let conflict = try wrapping {
                try leaf.flatMap { try journal.conflict(of: id, leaf: $0) }
            }
            guard let conflict else {
                throw ServiceError(
                    .notInConflict,
                    "the fact \(id.hex) is not in conflict on branch '\(place.branch)'",
                    hint: "'errata conflicts' lists those that are.")
            }
            let (edit, what) = try edit(settling: conflict, by: resolution)
            return try await commit(
                CommitDraft(
                    branch: place.branch, expect: head, author: place.author,
                    message: place.message ?? "Resolve the conflict of fact \(id.short): \(what)",
                    edits: [edit]), actor: actor)
        }
    }

    /// Runs `body` for the head of the branch, and again if the branch moved meanwhile and the client named no
    /// head.
    func remaking<Result: Sendable>(
        for place: CommitPlace,
        _ body: (_ head: CommitID) async throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        if let expect = try expected(place.expect) { return try await body(expect) }
        for _ in 1..<KnowledgeBase.attemptCountMax {
            let head = try wrapping { try journal.head(of: place.branch) }
            do { return try await body(head) } catch  where error.code == .headMoved { continue }
        }
        return try await body(try wrapping { try journal.head(of: place.branch) })
    }

    private func edit(
        settling conflict: Conflict, by resolution: Resolution
    ) throws(ServiceError) -> (edit: DraftEdit, what: String) {
        switch resolution {
        case .side(let number):
            return (.choose(conflict.fact, try side(number, of: conflict)), "side \(number)")
        case .retracted: return (.retract(conflict.fact), "retracted")
        case .object(let object, let number):
            let leaves = try number.map { number throws(ServiceError) in
                [try side(number, of: conflict)]
            }
            let facts = try wrapping {
                try (leaves ?? conflict.sides).map { try state(of: conflict.fact, $0) }
            }.compactMap(\.fact)
            guard let fact = facts.first else {
                throw ServiceError(
                    .invalidRequest, "no fact is there to take the other fields from",
                    hint: "Commit the whole fact instead; that settles the conflict, too.")
            }
            return (.revise(try fact.replacingObject(with: object)), "another value")
        }
    }

    private func side(_ number: Int, of conflict: Conflict) throws(ServiceError) -> Leaf? {
        guard (1...conflict.sides.count).contains(number) else {
            throw ServiceError(
                .notInConflict,
                "the conflict has \(conflict.sides.count) sides, there is no side \(number)",
                hint: "'errata conflicts' shows them.")
        }
        return conflict.sides[number - 1]
    }
}

extension Fact {
    /// Returns this fact with another object, which its statement says, too.
    fileprivate func replacingObject(with object: String) throws(ServiceError) -> Fact {
        var draft = draft
        draft.object = object
        let places = self.object.map { statement.ranges(of: $0) } ?? []
        if let place = places.first, places.count == 1 {
            draft.statement?.replaceSubrange(place, with: object)
        } else {
            draft.statement = nil
        }
        do throws(FactError) { return try draft.checked() } catch { throw ServiceError(error) }
    }
}
