import ErrataCore

/// Which facts got a new value lately, and when the last text was taken away.
///
/// A client looks for the value of an edit, and seals it if it is new, on its own thread. This tells the writer
/// whether what the client found still holds.
struct RecentPayloads: Sendable {
    /// Facts in each of the two generations.
    private static let countMax = 1 << 15

    /// The operation that brought the last value of a fact.
    private var young: [FactID: UInt64] = [:]
    private var old: [FactID: UInt64] = [:]
    /// The operation that the younger generation starts with.
    private var youngStart: UInt64 = 0
    /// Operations before this one are forgotten.
    private var floor: UInt64 = 0
    private var redaction: UInt64?

    /// Whether nothing changed in the values of `fact` from operation `sequence` on.
    func hasNothing(of fact: FactID, since sequence: UInt64) -> Bool {
        guard sequence >= floor, redaction.map({ $0 < sequence }) ?? true else { return false }
        guard let last = young[fact] ?? old[fact] else { return true }
        return last < sequence
    }

    /// Notes that operation `sequence` brings a value of `fact`, whether it becomes durable or not.
    mutating func add(_ fact: FactID, at sequence: UInt64) {
        if young.count == RecentPayloads.countMax {
            // The older generation goes: it ends with the operation that the younger one starts with.
            (old, young, floor) = (young, [:], youngStart + 1)
            youngStart = sequence
        }
        young[fact] = sequence
    }

    /// Notes that operation `sequence` takes text away.
    mutating func addRedaction(at sequence: UInt64) { redaction = sequence }
}
