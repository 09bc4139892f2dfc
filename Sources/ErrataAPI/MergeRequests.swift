/// `POST /v1/merge`: bring what another line of commits changed into a branch.
package struct MergeRequest: Codable, Equatable, Sendable {
    package enum FastForward: String, CaseIterable, Codable, Sendable {
        /// Move the branch if it has no commits of its own.
        case allowed
        /// Make a commit in any case.
        case never
        /// Refuse to make a commit.
        case only

        package init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let value = FastForward(rawValue: text) else {
                throw RequestError.invalidField(
                    decoder.codingPath, "it is not allowed, never or only")
            }
            self = value
        }
    }

    /// The revision to merge.
    package var from: String
    /// The branch to change; `main` if absent.
    package var into: String?
    package var message: String?
    package var author: String?
    /// The commit that the branch's head must be, as a revision.
    package var expect: String?
    package var fastForward: FastForward?
    /// Whether a conflict refuses the merge instead of being kept in it.
    package var refuseConflicts: Bool?

    package init(
        from: String, into: String? = nil, message: String? = nil, author: String? = nil,
        expect: String? = nil, fastForward: FastForward? = nil, refuseConflicts: Bool? = nil
    ) {
        self.from = from
        self.into = into
        self.message = message
        self.author = author
        self.expect = expect
        self.fastForward = fastForward
        self.refuseConflicts = refuseConflicts
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case from
        case into
        case message
        case author
        case expect
        case fastForward
        case refuseConflicts
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        from = try fields.decode(String.self, forKey: .from)
        into = try fields.decodeIfPresent(String.self, forKey: .into)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
        expect = try fields.decodeIfPresent(String.self, forKey: .expect)
        fastForward = try fields.decodeIfPresent(FastForward.self, forKey: .fastForward)
        refuseConflicts = try fields.decodeIfPresent(Bool.self, forKey: .refuseConflicts)
    }
}

/// `POST /v1/resolve`: choose what a fact in conflict is from here on.
package struct ResolveRequest: Codable, Equatable, Sendable {
    /// The fact: key, id, beginning of an id, or `SUBJECT|RELATION`.
    package var fact: String
    /// Take this side, from 1; with `value`, take its other fields.
    package var side: Int?
    /// Another object, with the other fields of a side.
    package var value: String?
    /// Believe the fact no longer.
    package var retract: Bool?
    package var branch: String?
    package var message: String?
    package var author: String?
    package var expect: String?

    package init(
        fact: String, side: Int? = nil, value: String? = nil, retract: Bool? = nil,
        branch: String? = nil, message: String? = nil, author: String? = nil,
        expect: String? = nil
    ) {
        self.fact = fact
        self.side = side
        self.value = value
        self.retract = retract
        self.branch = branch
        self.message = message
        self.author = author
        self.expect = expect
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case fact
        case side
        case value
        case retract
        case branch
        case message
        case author
        case expect
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        fact = try fields.decode(String.self, forKey: .fact)
        side = try fields.decodeIfPresent(Int.self, forKey: .side)
        value = try fields.decodeIfPresent(String.self, forKey: .value)
        retract = try fields.decodeIfPresent(Bool.self, forKey: .retract)
        branch = try fields.decodeIfPresent(String.self, forKey: .branch)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
        expect = try fields.decodeIfPresent(String.self, forKey: .expect)
        let isRetracting = retract ?? false
        guard isRetracting != (side != nil || value != nil) else {
            throw RequestError.invalidField(
                decoder.codingPath + [CodingKeys.side],
                "one of a side, a value and retract is needed, and retract goes with none")
        }
    }
}

/// `POST /v1/cherry-pick`: make the edits of a commit again on a branch.
package struct CherryPickRequest: Codable, Equatable, Sendable {
    package var rev: String
    /// `main` if absent.
    package var branch: String?
    package var message: String?
    package var author: String?
    package var expect: String?
    package var refuseConflicts: Bool?

    package init(
        rev: String, branch: String? = nil, message: String? = nil, author: String? = nil,
        expect: String? = nil, refuseConflicts: Bool? = nil
    ) {
        self.rev = rev
        self.branch = branch
        self.message = message
        self.author = author
        self.expect = expect
        self.refuseConflicts = refuseConflicts
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case rev
        case branch
        case message
        case author
        case expect
        case refuseConflicts
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        rev = try fields.decode(String.self, forKey: .rev)
        branch = try fields.decodeIfPresent(String.self, forKey: .branch)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
        expect = try fields.decodeIfPresent(String.self, forKey: .expect)
        refuseConflicts = try fields.decodeIfPresent(Bool.self, forKey: .refuseConflicts)
    }
}

/// `POST /v1/undo`: put back what an operation did to a name, or the policy before it.
package struct UndoRequest: Codable, Equatable, Sendable {
    /// The newest operation but registrations of models if absent.
    package var operation: UInt64?
    package var author: String?

    package init(operation: UInt64? = nil, author: String? = nil) {
        self.operation = operation
        self.author = author
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case operation
        case author
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        operation = try fields.decodeIfPresent(UInt64.self, forKey: .operation)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
    }
}

/// `POST /v1/redact`: take the text of a fact away for good.
package struct RedactRequest: Codable, Equatable, Sendable {
    package var fact: String
    /// The version whose value is taken away; every value that the fact ever had if absent.
    package var at: String?
    package var reason: String
    package var author: String?

    package init(fact: String, at: String? = nil, reason: String, author: String? = nil) {
        self.fact = fact
        self.at = at
        self.reason = reason
        self.author = author
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case fact
        case at
        case reason
        case author
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        fact = try fields.decode(String.self, forKey: .fact)
        at = try fields.decodeIfPresent(String.self, forKey: .at)
        reason = try fields.decode(String.self, forKey: .reason)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
    }
}
