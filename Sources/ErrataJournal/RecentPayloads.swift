import ErrataCore

/// A value of a fact, told from others well enough to say that two are not the same.
struct FactValueHash: Hashable, Sendable {
    private let number: Int

    init(_ fact: FactID, _ payload: [UInt8]) {
        var hasher = Hasher()
        hasher.combine(fact)
        payload.withUnsafeBytes { hasher.combine(bytes: $0) }
        number = hasher.finalize()
    }
}

/// Which values came lately, and when the last text was taken away.
///
/// A client looks for the value of an edit, and seals it if it is new, on its own thread. This tells the writer
/// whether what the client found still holds.
struct RecentPayloads: Sendable {
    /// Values in each of the two generations.
    private static let countMax = 1 << 15

    /// The operation that brought a value last.
    private var young: [FactValueHash: UInt64] = [:]
    private var old: [FactValueHash: UInt64] = [:]
    /// The operation that the younger generation starts with.
    private var youngStart: UInt64 = 0
    /// Operations before this one are forgotten.
    private var floor: UInt64 = 0
    private var redaction: UInt64?

    /// Whether what a client found of `value` is still so.
    func holds(_ found: FoundValue, _ value: FactValueHash) -> Bool {
        let sequence = found.operationCount
        guard redaction.map({ $0 < sequence }) ?? true else { return false }
        // What was there stays, unless it is redacted.
        if case .known = found.value { return true }
        guard sequence >= floor else { return false }
        guard let last = young[value] ?? old[value] else { return true }
        return last < sequence
    }

    /// Notes that operation `sequence` brings a value, whether it becomes durable or not.
    mutating func add(_ value: FactValueHash, at sequence: UInt64) {
        if young.count == RecentPayloads.countMax {
            // The older generation goes: it ends with the operation that the younger one starts with.
            (old, young, floor) = (young, [:], youngStart + 1)
            youngStart = sequence
        }
        young[value] = sequence
    }

    /// Notes that operation `sequence` takes text away.
    mutating func addRedaction(at sequence: UInt64) { redaction = sequence }
}
