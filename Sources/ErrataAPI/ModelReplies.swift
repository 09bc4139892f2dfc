package import ErrataCore

/// `GET /v1/models`, in the order of their registration.
package struct ModelsReply: Codable, Equatable, Sendable {
    package let models: [ModelRecord]

    package init(models: [ModelRecord]) { self.models = models }
}

/// What answers questions, or once did.
package struct ModelRecord: Codable, Equatable, Sendable {
    package let name: String
    /// `lookup`, `reader`, `lte` or `errata`.
    package let kind: String
    /// Of everything that decides about an answer, the facts aside; in hex.
    package let hash: String
    /// The identity of the sentence encoder, in hex; nil if there is none.
    package let encoder: String?
    /// Of a network's weights.
    package let precision: String?
    /// The operation that registered it first.
    package let operation: UInt64
    package let time: Timestamp
    /// Whether the daemon can answer with it.
    package let isLoaded: Bool
    /// Whether it answers where a question names no model.
    package let isDefault: Bool

    package init(
        name: String, kind: String, hash: String, encoder: String?, precision: String?,
        operation: UInt64, time: Timestamp, isLoaded: Bool, isDefault: Bool
    ) {
        self.name = name
        self.kind = kind
        self.hash = hash
        self.encoder = encoder
        self.precision = precision
        self.operation = operation
        self.time = time
        self.isLoaded = isLoaded
        self.isDefault = isDefault
    }
}
