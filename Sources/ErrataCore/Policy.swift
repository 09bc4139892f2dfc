// POLICY. Who may do what, and what holds for the whole store. It is a record of the journal, so each change of it
// is audited, and the newest one counts.
//
//   0 rules [[kind, id, role]]     kind 0 uid, 1 gid, 2 anyone (id 0)
//   1 protected branches [text]    a name, or a beginning that ends in `/*`
//   2 limits [[role, most edits of a commit or null, most requests a minute or null]], in the order of roles
//   3 whether reads are audited
//   4 multi-valued relations [text]
//
// Roles by number: 0 reader, 1 auditor, 2 editor, 3 maintainer, 4 admin.

/// What a user may do.
package enum Permission: String, CaseIterable, Hashable, Sendable {
    /// Read facts and versions, ask and search.
    case read
    /// Read the operations, events and proofs; verify the store.
    case audit
    /// Commit, revert, merge and name versions, away from protected branches.
    case write
    /// Write to protected branches, roll back, delete tags, redact.
    case maintain
    /// Change the policy; back up, compact and rebuild.
    case administer

    /// Completes the sentence "… may not …".
    package var deed: String {
        switch self {
        case .read: "read"
        case .audit: "read operations and events"
        case .write: "write"
        case .maintain: "write to protected branches, roll back, delete tags or redact"
        case .administer: "administer the store"
        }
    }
}

/// Rules for everybody who can reach the socket.
package struct Policy: Hashable, Sendable {
    /// A set of permissions.
    package enum Role: String, CaseIterable, Hashable, Sendable, Comparable {
        case reader
        case auditor
        case editor
        case maintainer
        case admin

        package var permissions: Set<Permission> {
            switch self {
            case .reader: [.read]
            case .auditor: [.read, .audit]
            case .editor: [.read, .write]
            case .maintainer: [.read, .write, .maintain]
            case .admin: Set(Permission.allCases)
            }
        }

        var number: UInt64 { UInt64(Role.allCases.firstIndex(of: self) ?? 0) }

        package static func < (left: Role, right: Role) -> Bool { left.number < right.number }
    }

    /// Whom a rule is about.
    package enum Subject: Hashable, Sendable {
        case uid(UInt32)
        /// The peer's group or one of its supplementary groups.
        case gid(UInt32)
        case anyone
    }

    package struct Rule: Hashable, Sendable {
        package let subject: Subject
        package let role: Role

        package init(_ subject: Subject, _ role: Role) {
            self.subject = subject
            self.role = role
        }
    }

    /// What one role may do at most; nil is no limit of its own.
    package struct Limits: Hashable, Sendable {
        package let editCountMax: Int?
        package let requestsPerMinuteMax: Int?

        package init(editCountMax: Int? = nil, requestsPerMinuteMax: Int? = nil) {
            self.editCountMax = editCountMax
            self.requestsPerMinuteMax = requestsPerMinuteMax
        }
    }

    package static let ruleCountMax = 1_000
    package static let patternCountMax = 1_000
    package static let relationCountMax = 10_000

    /// No rules at all means that everybody may do everything.
    package let rules: [Rule]
    /// Branch names, or beginnings of them that end in `/*`; sorted.
    package let protectedBranches: [String]
    package let limits: [Role: Limits]
    /// Whether reads are written to the event log.
    package let auditsReads: Bool
    /// Relations that may have several objects at once, each a fact of its own; sorted.
    package let multiValuedRelations: [String]

    /// What holds until a first policy is set: no rules.
    package static let open = Policy(checked: [], [], [:], false, [])

    private init(
        checked rules: [Rule], _ protectedBranches: [String], _ limits: [Role: Limits],
        _ auditsReads: Bool, _ multiValuedRelations: [String]
    ) {
        self.rules = rules
        self.protectedBranches = protectedBranches
        self.limits = limits
        self.auditsReads = auditsReads
        self.multiValuedRelations = multiValuedRelations
    }

    /// Throws ``PolicyError`` for what cannot be meant.
    package init(
        rules: [Rule], protectedBranches: [String] = [], limits: [Role: Limits] = [:],
        auditsReads: Bool = false, multiValuedRelations: [String] = []
    ) throws(PolicyError) {
        try Policy.check(rules.count, "rules", max: Policy.ruleCountMax)
        try Policy.check(protectedBranches.count, "branches", max: Policy.patternCountMax)
        try Policy.check(multiValuedRelations.count, "relations", max: Policy.relationCountMax)
        for pattern in protectedBranches where !Policy.isPattern(pattern) {
            throw PolicyError(
                "'\(pattern)' is neither a branch name nor a beginning of one and '/*'")
        }
        for (role, limit) in limits {
            for number in [limit.editCountMax, limit.requestsPerMinuteMax].compactMap(\.self)
            where number < 1 {
                throw PolicyError("a limit of \(role.rawValue) is \(number), at least 1 is needed")
            }
        }
        var relations: Set<String> = []
        for relation in multiValuedRelations {
            do throws(FactError) {
                let line = try FactLimits.line(
                    relation, "relation", max: FactLimits.relationBytesMax)
                if let line { relations.insert(line) }
            } catch {
                throw PolicyError("a multi-valued relation is no relation: \(error.message)")
            }
        }
        self.init(
            checked: rules, Set(protectedBranches).sorted(), limits, auditsReads,
            relations.sorted())
    }

    private static func check(_ count: Int, _ what: String, max: Int) throws(PolicyError) {
        guard count <= max else {
            throw PolicyError("it has \(count) \(what), at most \(max) may be")
        }
    }

    private static func isPattern(_ text: String) -> Bool {
        let name = text.hasSuffix("/*") ? String(text.dropLast(2)) : text
        return RefName(name) != nil
    }

    // MARK: Deciding

    /// Returns the roles of a user; `owner` is the uid that the store belongs to, always an admin.
    package func roles(of actor: Actor, owner: UInt32) -> Set<Role> {
        guard !rules.isEmpty, actor.uid != owner else { return [.admin] }
        let groups = Set(actor.groups + [actor.gid])
        return Set(
            rules.filter { rule in
                switch rule.subject {
                case .uid(let uid): uid == actor.uid
                case .gid(let gid): groups.contains(gid)
                case .anyone: true
                }
            }.map(\.role))
    }

    package func permits(_ permission: Permission, to actor: Actor, owner: UInt32) -> Bool {
        roles(of: actor, owner: owner).contains { $0.permissions.contains(permission) }
    }

    package func isProtected(_ branch: RefName) -> Bool {
        protectedBranches.contains { pattern in
            pattern.hasSuffix("/*")
                ? branch.text.hasPrefix(pattern.dropLast()) : branch.text == pattern
        }
    }

    /// Returns the widest limit that a user's roles give; nil if one of them has none.
    package func limit(
        _ field: KeyPath<Limits, Int?>, of actor: Actor, owner: UInt32
    ) -> Int? {
        let roles = roles(of: actor, owner: owner)
        let found = roles.map { limits[$0]?[keyPath: field] }
        return found.contains(nil) ? nil : found.compactMap(\.self).max()
    }
}

/// Why a policy cannot be.
package struct PolicyError: Error, Equatable, Sendable {
    package let message: String

    init(_ message: String) { self.message = message }
}
