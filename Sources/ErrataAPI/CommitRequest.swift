/// `POST /v1/commits`.
package struct CommitRequest: Codable, Equatable, Sendable {
    /// `main` if absent.
    package var branch: String?
    /// The commit that the branch's head must be, as a revision.
    package var expect: String?
    package var message: String
    package var author: String?
    package var edits: [EditRequest]

    package init(
        branch: String? = nil, expect: String? = nil, message: String, author: String? = nil,
        edits: [EditRequest]
    ) {
        self.branch = branch
        self.expect = expect
        self.message = message
        self.author = author
        self.edits = edits
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case branch
        case expect
        case message
        case author
        case edits
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        branch = try fields.decodeIfPresent(String.self, forKey: .branch)
        expect = try fields.decodeIfPresent(String.self, forKey: .expect)
        message = try fields.decode(String.self, forKey: .message)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
        edits = try fields.decode([EditRequest].self, forKey: .edits)
    }
}

/// One change of a ``CommitRequest``: `assert` and `revise` bring a fact, `retract` names one.
package enum EditRequest: Codable, Equatable, Sendable {
    case assert(FactBody)
    case revise(FactBody)
    /// The fact's id, a prefix of at least eight digits of it, its key, or `SUBJECT|RELATION`.
    case retract(String)

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case op
        case fact
        case id
    }

    private enum Operation: String, Codable, CaseIterable {
        case assert
        case revise
        case retract
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        let name = try fields.decode(String.self, forKey: .op)
        guard let operation = Operation(rawValue: name) else {
            throw RequestError.invalidField(
                decoder.codingPath + [CodingKeys.op],
                "it is not one of assert, revise and retract")
        }
        let unwanted: CodingKeys = operation == .retract ? .fact : .id
        guard !fields.contains(unwanted) else {
            throw RequestError.invalidField(
                decoder.codingPath + [unwanted], "it does not go with \(operation.rawValue)")
        }
        switch operation {
        case .assert: self = .assert(try fields.decode(FactBody.self, forKey: .fact))
        case .revise: self = .revise(try fields.decode(FactBody.self, forKey: .fact))
        case .retract: self = .retract(try fields.decode(String.self, forKey: .id))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .assert(let fact):
            try fields.encode(Operation.assert, forKey: .op)
            try fields.encode(fact, forKey: .fact)
        case .revise(let fact):
            try fields.encode(Operation.revise, forKey: .op)
            try fields.encode(fact, forKey: .fact)
        case .retract(let fact):
            try fields.encode(Operation.retract, forKey: .op)
            try fields.encode(fact, forKey: .id)
        }
    }
}
