/// How sure an answer must be.
package enum Strictness: String, CaseIterable, Codable, Equatable, Sendable {
    case strict
    case normal
    case lenient

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let strictness = Strictness(rawValue: text) else {
            throw RequestError.invalidField(
                decoder.codingPath, "it is not strict, normal or lenient")
        }
        self = strictness
    }
}

/// `POST /v1/ask`.
package struct AskRequest: Codable, Equatable, Sendable {
    package static let questionBytesMax = 4_000
    package static let countMax = 20

    package var question: String
    /// The revision to answer from; `main` if absent.
    package var at: String?
    /// How many facts to show the answerer.
    package var k: Int?
    /// A language model's name, or that of what answers, or eight or more digits of its hash; the daemon's
    /// own choice if absent.
    package var model: String?
    /// `lookup`, `reader`, `lte` or `errata`; the daemon's own choice if absent.
    package var answerer: String?
    /// `normal` if absent.
    package var strictness: Strictness?
    /// How many tokens a language model may say; 256 if absent.
    package var maxTokens: Int?
    /// Has a language model draw its tokens; without it the most likely one is taken each time.
    package var temperature: Double?
    /// Where drawing starts; 0 if absent.
    package var seed: UInt64?

    package init(
        question: String, at: String? = nil, k: Int? = nil, model: String? = nil,
        answerer: String? = nil, strictness: Strictness? = nil, maxTokens: Int? = nil,
        temperature: Double? = nil, seed: UInt64? = nil
    ) {
        self.question = question
        self.at = at
        self.k = k
        self.model = model
        self.answerer = answerer
        self.strictness = strictness
        self.maxTokens = maxTokens
        self.temperature = temperature
        self.seed = seed
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case question
        case at
        case k
        case model
        case answerer
        case strictness
        case maxTokens
        case temperature
        case seed
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        question = try fields.decode(String.self, forKey: .question)
        at = try fields.decodeIfPresent(String.self, forKey: .at)
        k = try fields.decodeIfPresent(Int.self, forKey: .k)
        model = try fields.decodeIfPresent(String.self, forKey: .model)
        answerer = try fields.decodeIfPresent(String.self, forKey: .answerer)
        strictness = try fields.decodeIfPresent(Strictness.self, forKey: .strictness)
        maxTokens = try fields.decodeIfPresent(Int.self, forKey: .maxTokens)
        temperature = try fields.decodeIfPresent(Double.self, forKey: .temperature)
        seed = try fields.decodeIfPresent(UInt64.self, forKey: .seed)
    }
}

/// `POST /v1/search`.
package struct SearchRequest: Codable, Equatable, Sendable {
    package static let queryBytesMax = AskRequest.questionBytesMax
    package static let countMax = 100

    package var query: String
    package var at: String?
    /// How many hits to return; 10 if absent.
    package var k: Int?

    package init(query: String, at: String? = nil, k: Int? = nil) {
        self.query = query
        self.at = at
        self.k = k
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case query
        case at
        case k
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        query = try fields.decode(String.self, forKey: .query)
        at = try fields.decodeIfPresent(String.self, forKey: .at)
        k = try fields.decodeIfPresent(Int.self, forKey: .k)
    }
}
