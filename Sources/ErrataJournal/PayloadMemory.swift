import ErrataCore

/// Which values facts have had that were revised often, by a hash of each value.
///
/// A value that comes back takes its old leaf. Looking through the values of a fact costs an HMAC each, which is
/// too much for one that is revised all day. What stands here is a hint: a row that a failed transaction took with
/// it, or that was redacted, is not there any more.
struct PayloadMemory: Sendable {
    /// A fact with fewer values of one length is looked through.
    static let scanCountMax = 16
    /// Values of all facts together: about 16 MB.
    static let valueCountMax = 1 << 18

    private var facts: [FactID: [Int: [Leaf]]] = [:]
    private var valueCount = 0

    /// Returns the leaves that `payload` may have; nil if nothing is known of the fact.
    func leaves(of fact: FactID, _ payload: [UInt8]) -> [Leaf]? {
        facts[fact].map { $0[PayloadMemory.hash(payload)] ?? [] }
    }

    /// Remembers all values of a fact, and forgets those of others if they are too many.
    mutating func remember(_ fact: FactID, _ values: [(payload: [UInt8], leaf: Leaf)]) {
        if valueCount + values.count > PayloadMemory.valueCountMax { self = PayloadMemory() }
        guard values.count <= PayloadMemory.valueCountMax else { return }
        facts[fact] = Dictionary(grouping: values) { PayloadMemory.hash($0.payload) }
            .mapValues { $0.map(\.leaf) }
        valueCount += values.count
    }

    /// Adds a new value of a fact, if the others are remembered.
    mutating func add(_ payload: [UInt8], _ leaf: Leaf, of fact: FactID) {
        guard facts[fact] != nil else { return }
        facts[fact]?[PayloadMemory.hash(payload), default: []].append(leaf)
        valueCount += 1
    }

    private static func hash(_ payload: [UInt8]) -> Int {
        var hasher = Hasher()
        payload.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
