package import ErrataCore

/// A policy as clients send it and replies show it.
package struct PolicyBody: Codable, Equatable, Sendable {
    /// No rules at all means that everybody may do everything.
    package var rules: [PolicyRule]
    package var protectedBranches: [String]
    /// By role.
    package var limits: [String: RoleLimits]
    package var auditsReads: Bool
    package var multiValuedRelations: [String]

    package init(
        rules: [PolicyRule] = [], protectedBranches: [String] = [],
        limits: [String: RoleLimits] = [:], auditsReads: Bool = false,
        multiValuedRelations: [String] = []
    ) {
        self.rules = rules
        self.protectedBranches = protectedBranches
        self.limits = limits
        self.auditsReads = auditsReads
        self.multiValuedRelations = multiValuedRelations
    }

    package init(_ policy: Policy) {
        self.init(
            rules: policy.rules.map { PolicyRule($0) },
            protectedBranches: policy.protectedBranches,
            limits: Dictionary(
                uniqueKeysWithValues: policy.limits.map { ($0.key.rawValue, RoleLimits($0.value)) }
            ),
            auditsReads: policy.auditsReads, multiValuedRelations: policy.multiValuedRelations)
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case rules
        case protectedBranches
        case limits
        case auditsReads
        case multiValuedRelations
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        rules = try fields.decodeIfPresent([PolicyRule].self, forKey: .rules) ?? []
        protectedBranches =
            try fields.decodeIfPresent([String].self, forKey: .protectedBranches) ?? []
        limits = try fields.decodeIfPresent([String: RoleLimits].self, forKey: .limits) ?? [:]
        auditsReads = try fields.decodeIfPresent(Bool.self, forKey: .auditsReads) ?? false
        multiValuedRelations =
            try fields.decodeIfPresent([String].self, forKey: .multiValuedRelations) ?? []
    }

    /// Returns the policy; throws ``RequestError`` for what cannot be meant.
    package func checked() throws(RequestError) -> Policy {
        var checkedLimits: [Policy.Role: Policy.Limits] = [:]
        for (name, limits) in limits {
            guard let role = Policy.Role(rawValue: name) else {
                throw RequestError(
                    code: .invalidField, field: "limits.\(name)",
                    message: "'limits.\(name)': it is not a role", hint: PolicyRule.rolesHint)
            }
            checkedLimits[role] = Policy.Limits(
                editCountMax: limits.editCountMax,
                requestsPerMinuteMax: limits.requestsPerMinuteMax)
        }
        do throws(PolicyError) {
            return try Policy(
                rules: rules.map(\.rule), protectedBranches: protectedBranches,
                limits: checkedLimits, auditsReads: auditsReads,
                multiValuedRelations: multiValuedRelations)
        } catch {
            throw RequestError(code: .invalidField, field: nil, message: error.message)
        }
    }
}

/// Who has which role: one of `uid`, `gid` and `anyone`.
package struct PolicyRule: Codable, Equatable, Sendable {
    package let rule: Policy.Rule

    package init(_ rule: Policy.Rule) { self.rule = rule }

    fileprivate static let rolesHint =
        "The roles are "
        + Policy.Role.allCases.map(\.rawValue).joined(separator: ", ") + "."

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case uid
        case gid
        case anyone
        case role
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        /// Read as a wider number first: the decoder does not say which field is out of range.
        func number(_ key: CodingKeys) throws -> UInt32? {
            guard let wide = try fields.decodeIfPresent(Int64.self, forKey: key) else { return nil }
            if let number = UInt32(exactly: wide) { return number }
            throw RequestError.invalidField(
                decoder.codingPath + [key], "it is not a number from 0 to \(UInt32.max)")
        }
        let uid = try number(.uid)
        let gid = try number(.gid)
        let isAnyone = try fields.decodeIfPresent(Bool.self, forKey: .anyone) ?? false
        let name = try fields.decode(String.self, forKey: .role)
        guard let role = Policy.Role(rawValue: name) else {
            throw RequestError.invalidField(
                decoder.codingPath + [CodingKeys.role],
                "'\(name)' is not a role: " + PolicyRule.rolesHint.lowercased().dropLast())
        }
        let subjects = [
            uid.map(Policy.Subject.uid), gid.map(Policy.Subject.gid), isAnyone ? .anyone : nil,
        ].compactMap(\.self)
        guard let subject = subjects.first, subjects.count == 1 else {
            throw RequestError.invalidField(
                decoder.codingPath, "a rule is about one of uid, gid and anyone")
        }
        rule = Policy.Rule(subject, role)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch rule.subject {
        case .uid(let uid): try fields.encode(uid, forKey: .uid)
        case .gid(let gid): try fields.encode(gid, forKey: .gid)
        case .anyone: try fields.encode(true, forKey: .anyone)
        }
        try fields.encode(rule.role.rawValue, forKey: .role)
    }
}

/// What one role may do at most; what is absent has no limit of its own.
package struct RoleLimits: Codable, Equatable, Sendable {
    package var editCountMax: Int?
    package var requestsPerMinuteMax: Int?

    package init(editCountMax: Int? = nil, requestsPerMinuteMax: Int? = nil) {
        self.editCountMax = editCountMax
        self.requestsPerMinuteMax = requestsPerMinuteMax
    }

    package init(_ limits: Policy.Limits) {
        self.init(
            editCountMax: limits.editCountMax, requestsPerMinuteMax: limits.requestsPerMinuteMax)
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case editCountMax
        case requestsPerMinuteMax
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        editCountMax = try fields.decodeIfPresent(Int.self, forKey: .editCountMax)
        requestsPerMinuteMax = try fields.decodeIfPresent(Int.self, forKey: .requestsPerMinuteMax)
    }
}

/// `PUT /v1/policy`: put a policy in force.
package struct PolicyRequest: Codable, Equatable, Sendable {
    package var policy: PolicyBody
    /// The operation that set the policy which this one was made from, 0 for none; refused if it is not in
    /// force any more.
    package var expect: UInt64?
    package var author: String?

    package init(policy: PolicyBody, expect: UInt64? = nil, author: String? = nil) {
        self.policy = policy
        self.expect = expect
        self.author = author
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case policy
        case expect
        case author
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        policy = try fields.decode(PolicyBody.self, forKey: .policy)
        expect = try fields.decodeIfPresent(UInt64.self, forKey: .expect)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
    }
}

/// `GET /v1/policy`: the policy in force, and what the asking user may do.
package struct PolicyReply: Codable, Equatable, Sendable {
    package let policy: PolicyBody
    /// The operation that set it; absent until a first one is set.
    package let operation: UInt64?
    /// The user that the store belongs to, an admin under every policy.
    package let owner: UInt32
    /// The roles of the asking user.
    package let roles: [String]
    package let permissions: [String]

    package init(
        policy: PolicyBody, operation: UInt64?, owner: UInt32, roles: [String],
        permissions: [String]
    ) {
        self.policy = policy
        self.operation = operation
        self.owner = owner
        self.roles = roles
        self.permissions = permissions
    }
}

/// A policy that was set, by whom and when.
package struct PolicyChangeRecord: Codable, Equatable, Sendable {
    package let operation: UInt64
    package let time: Timestamp
    package let actor: ActorRecord
    package let author: String?
    package let policy: PolicyBody

    package init(
        operation: UInt64, time: Timestamp, actor: ActorRecord, author: String?,
        policy: PolicyBody
    ) {
        self.operation = operation
        self.time = time
        self.actor = actor
        self.author = author
        self.policy = policy
    }
}

/// `GET /v1/policy/log`, newest first.
package struct PolicyLogReply: Codable, Equatable, Sendable {
    package let changes: [PolicyChangeRecord]

    package init(changes: [PolicyChangeRecord]) { self.changes = changes }
}
