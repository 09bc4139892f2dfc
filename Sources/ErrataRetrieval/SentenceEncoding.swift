import ErrataModels

/// What turns sentences into unit vectors whose dot product says how close they are.
///
/// A sentence's vector must depend on the sentence alone: not on its neighbours in a call, not on the
/// machine. Called from one thread at a time by an index, from any number by searches.
package protocol SentenceEncoding: Sendable {
    /// What people call the encoder.
    var name: String { get }
    /// 32 bytes that change whenever any vector may change: the hash of weights and tokenizer.
    var identity: [UInt8] { get }
    /// How many numbers a vector has.
    var width: Int { get }
    /// Whether vectors are compared by their cosine; if not, by their dot product, so that lengths count.
    var isNormalized: Bool { get }

    /// Returns one vector of ``width`` numbers for each text, in order.
    func encode(_ texts: [String]) throws -> [[Float]]
}

extension SentenceEncoding {
    package var isNormalized: Bool { true }
}

extension SentenceEncoder: SentenceEncoding {
    package func encode(_ texts: [String]) throws -> [[Float]] {
        let rows = try encode(texts, progress: nil)
        return texts.indices.map { Array(rows[$0 * width..<($0 + 1) * width]) }
    }
}
