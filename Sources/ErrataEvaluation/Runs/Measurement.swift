/// What came of one question to one method at one version.
package struct Measurement: Codable, Equatable, Sendable {
    /// What kind of answer it is.
    package enum Kind: String, Codable, CaseIterable, Sendable {
        /// An answer that the data set takes; for a local question, what was said before the edits.
        case right
        /// What another edit says, or the edit where it does not belong.
        case wrongObject = "wrong-object"
        /// No answer.
        case abstained
        case other
    }

    /// The question's place in its item.
    package var question: Int
    package var text: String?
    package var kind: Kind
    /// Whether the text is the first alias of the first answer.
    package var isFirstAlias: Bool
    /// The share of the target's tokens that the model holds the most likely.
    ///
    /// For a local question, the share of places where its most likely token is the one from before the edits. Nil where
    /// a method gives no probabilities.
    package var tokens: Double?
    /// Whether a local question is answered with what is true without the edit.
    package var isTrue: Bool?
    /// Nil for texts of fewer than three words.
    package var fluency: Double?
    /// The place of the item's own edit among the facts that retrieval found, from 1; nil if it is none of them.
    package var rank: Int?
    /// Whether retrieval had a part in it.
    package var isRetrieved: Bool
    /// Whether the prompt was too long for the model.
    package var isTooLong: Bool?

    private enum CodingKeys: String, CodingKey {
        case question = "q"
        case text
        case kind
        case isFirstAlias = "first"
        case tokens
        case isTrue = "true"
        case fluency
        case rank
        case isRetrieved = "retrieved"
        case isTooLong = "long"
    }
}

/// What came of the questions of one item.
package struct ItemMeasurement: Codable, Equatable, Sendable {
    package var method: String
    /// The version's label.
    package var version: String
    /// How many edits the version holds.
    package var edits: Int
    /// The item's place.
    package var item: Int
    package var seconds: Double
    package var answers: [Measurement]

    /// Which measurement it is: no two of a run are the same.
    package struct ID: Hashable, Sendable {
        let method: String
        let version: String
        let item: Int
    }

    package var id: ID { ID(method: method, version: version, item: item) }
}
