import ErrataCore

extension OperationBody {
    func write(to out: inout CBORWriter) {
        switch self {
        case .commit(let branch, let commit), .revert(let branch, let commit),
            .merge(let branch, let commit), .cherryPick(let branch, let commit):
            out.map(2)
            out.unsigned(0)
            out.text(branch.text)
            out.unsigned(1)
            out.bytes(commit)
        default: out.value(cbor)
        }
    }

    var cbor: CBOR {
        switch self {
        case .initialize(let store, let branch, let commit):
            .fields([(0, .bytes(store)), (1, .text(branch.text)), (2, .bytes(commit))])
        case .commit(let branch, let commit), .revert(let branch, let commit),
            .merge(let branch, let commit), .cherryPick(let branch, let commit):
            .fields([(0, .text(branch.text)), (1, .bytes(commit))])
        case .rollback(let branch, let new, let old), .branchMove(let branch, let new, let old):
            .fields([(0, .text(branch.text)), (1, .bytes(new.bytes)), (2, .bytes(old.bytes))])
        case .branchCreate(let name, let commit), .branchDelete(let name, let commit),
            .tagDelete(let name, let commit):
            .fields([(0, .text(name.text)), (1, .bytes(commit.bytes))])
        case .tagCreate(let tag, let commit, let message):
            .fields([
                (0, .text(tag.text)), (1, .bytes(commit.bytes)), (2, message.map(CBOR.text)),
            ])
        case .redact(let fact, let leaves, let reason):
            .fields([
                (0, .bytes(fact.bytes)), (1, .array(leaves.map { .bytes($0.bytes) })),
                (2, .text(reason)),
            ])
        case .policy(let policy): policy.cbor
        case .model(let model): model.cbor
        case .undo(let undo): undo.cbor
        }
    }

    init(type: UInt64, _ value: CBOR) throws(CBORError) {
        guard let tag = TypeTag(rawValue: type) else {
            throw CBORError(message: "operation type \(type) is unknown", offset: 0)
        }
        if tag == .policy {
            self = .policy(try Policy(value))
            return
        }
        var fields = try CBORFields(value, of: tag.name)
        self = try OperationBody(tag, &fields)
        try fields.finish()
    }

    private init(_ tag: TypeTag, _ fields: inout CBORFields) throws(CBORError) {
        switch tag {
        case .initialize:
            self = .initialize(
                store: try fields.bytes(0), branch: try fields.name(1), commit: try fields.bytes(2))
        case .commit: self = .commit(branch: try fields.name(0), commit: try fields.bytes(1))
        case .revert: self = .revert(branch: try fields.name(0), commit: try fields.bytes(1))
        case .merge: self = .merge(branch: try fields.name(0), commit: try fields.bytes(1))
        case .cherryPick:
            self = .cherryPick(branch: try fields.name(0), commit: try fields.bytes(1))
        case .rollback:
            self = .rollback(
                branch: try fields.name(0), new: try fields.commit(1), old: try fields.commit(2))
        case .branchMove:
            self = .branchMove(
                branch: try fields.name(0), new: try fields.commit(1), old: try fields.commit(2))
        case .branchCreate:
            self = .branchCreate(branch: try fields.name(0), head: try fields.commit(1))
        case .branchDelete:
            self = .branchDelete(branch: try fields.name(0), head: try fields.commit(1))
        case .tagCreate:
            self = .tagCreate(
                tag: try fields.name(0), commit: try fields.commit(1),
                message: try fields.textIfPresent(2))
        case .tagDelete:
            self = .tagDelete(tag: try fields.name(0), commit: try fields.commit(1))
        case .redact: self = try .redact(fields: &fields)
        case .model: self = .model(try ModelRegistration(&fields))
        case .undo: self = .undo(try Undo(&fields))
        case .conflict, .policy, .key, .prune:
            throw CBORError(message: "operation type '\(tag.name)' is reserved", offset: 0)
        }
    }

    private static func redact(
        fields: inout CBORFields
    ) throws(CBORError) -> OperationBody {
        guard let fact = FactID(try fields.bytes(0)) else {
            throw CBORError(message: "the redacted fact is not 16 bytes", offset: 0)
        }
        var leaves: [Leaf] = []
        for item in try fields.array(1) {
            guard let leaf = try Leaf.ifPresent(item) else {
                throw CBORError(message: "a redacted leaf is null", offset: 0)
            }
            leaves.append(leaf)
        }
        guard !leaves.isEmpty, zip(leaves, leaves.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw CBORError(message: "the redacted leaves are none or not in order", offset: 0)
        }
        return .redact(fact: fact, leaves: leaves, reason: try fields.text(2))
    }
}

extension OperationBody.Undo {
    fileprivate var cbor: CBOR {
        .fields([
            (0, .unsigned(operation)), (1, .unsigned(kind.rawValue)), (2, .text(name.text)),
            (3, new.map { .bytes($0.bytes) }), (4, old.map { .bytes($0.bytes) }),
        ])
    }

    fileprivate init(_ fields: inout CBORFields) throws(CBORError) {
        operation = try fields.unsigned(0)
        guard let kind = RefKind(rawValue: try fields.unsigned(1)) else {
            throw CBORError(message: "the kind of a name is unknown", offset: 0)
        }
        self.kind = kind
        name = try fields.name(2)
        new = try fields.commitIfPresent(3)
        old = try fields.commitIfPresent(4)
    }
}

extension CBORFields {
    fileprivate mutating func name(_ key: UInt64) throws(CBORError) -> RefName {
        let text = try text(key)
        guard let name = RefName(text) else {
            throw CBORError(message: "field \(key) is not a branch or tag name", offset: 0)
        }
        return name
    }

    fileprivate mutating func commit(_ key: UInt64) throws(CBORError) -> CommitID {
        guard let id = try commitIfPresent(key) else {
            throw CBORError(message: "field \(key) is missing, a commit id", offset: 0)
        }
        return id
    }

    fileprivate mutating func commitIfPresent(_ key: UInt64) throws(CBORError) -> CommitID? {
        guard let bytes = try bytesIfPresent(key) else { return nil }
        guard let id = CommitID(bytes) else {
            throw CBORError(message: "field \(key) is not a commit id", offset: 0)
        }
        return id
    }
}
