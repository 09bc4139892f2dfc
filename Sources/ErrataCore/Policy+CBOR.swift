extension Policy {
    package var cbor: CBOR {
        .fields([
            (0, .array(rules.map(\.cbor))),
            (1, .array(protectedBranches.map(CBOR.text))),
            (
                2,
                .array(
                    limits.sorted { $0.key < $1.key }.map { role, limits in
                        .array([
                            .unsigned(role.number), CBOR(limits.editCountMax),
                            CBOR(limits.requestsPerMinuteMax),
                        ])
                    })
            ),
            (3, .bool(auditsReads)),
            (4, .array(multiValuedRelations.map(CBOR.text))),
        ])
    }

    package init(_ value: CBOR) throws(CBORError) {
        var fields = try CBORFields(value, of: "policy")
        var rules: [Rule] = []
        for item in try fields.array(0) { rules.append(try Rule(item)) }
        let branches = try fields.texts(1)
        var limits: [Role: Limits] = [:]
        for item in try fields.array(2) {
            guard case .array(let parts) = item, parts.count == 3 else {
                throw CBORError(message: "a limit is not [role, edits, requests]", offset: 0)
            }
            limits[try Role(parts[0])] = Limits(
                editCountMax: try parts[1].count, requestsPerMinuteMax: try parts[2].count)
        }
        guard case .bool(let audits) = try fields.value(3) else {
            throw CBORError(message: "field 3 of policy is not true or false", offset: 0)
        }
        let relations = try fields.texts(4)
        try fields.finish()
        do throws(PolicyError) {
            try self.init(
                rules: rules, protectedBranches: branches, limits: limits, auditsReads: audits,
                multiValuedRelations: relations)
        } catch { throw CBORError(message: error.message, offset: 0) }
        // Lists in another order would be the same policy with other bytes.
        guard cbor.encoded == value.encoded else {
            throw CBORError(message: "a policy is not in its one encoding", offset: 0)
        }
    }
}

extension Policy.Role {
    fileprivate init(_ item: CBOR) throws(CBORError) {
        guard case .unsigned(let number) = item, let index = Int(exactly: number),
            Policy.Role.allCases.indices.contains(index)
        else { throw CBORError(message: "a role is unknown", offset: 0) }
        self = Policy.Role.allCases[index]
    }
}

extension Policy.Rule {
    fileprivate var cbor: CBOR {
        let (kind, id): (UInt64, UInt32) =
            switch subject {
            case .uid(let id): (0, id)
            case .gid(let id): (1, id)
            case .anyone: (2, 0)
            }
        return .array([.unsigned(kind), .unsigned(UInt64(id)), .unsigned(role.number)])
    }

    fileprivate init(_ item: CBOR) throws(CBORError) {
        guard case .array(let parts) = item, parts.count == 3, case .unsigned(let kind) = parts[0],
            case .unsigned(let number) = parts[1], let id = UInt32(exactly: number)
        else { throw CBORError(message: "a rule is not [kind, id, role]", offset: 0) }
        let role = try Policy.Role(parts[2])
        switch kind {
        case 0: self.init(.uid(id), role)
        case 1: self.init(.gid(id), role)
        case 2: self.init(.anyone, role)
        default: throw CBORError(message: "the kind of a rule is unknown", offset: 0)
        }
    }
}

extension CBOR {
    fileprivate init(_ count: Int?) { self = count.map { .unsigned(UInt64($0)) } ?? .null }

    /// A number or null.
    fileprivate var count: Int? {
        get throws(CBORError) {
            switch self {
            case .null: return nil
            case .unsigned(let number): if let count = Int(exactly: number) { return count }
            default: break
            }
            throw CBORError(message: "a limit is not a number", offset: 0)
        }
    }
}
