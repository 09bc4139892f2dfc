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

/// Which values facts have had, by a hash of each: those that came lately, and those of facts that were revised
/// often.
///
/// A value that comes back takes its old leaf. Looking through the values of a fact costs a key and an HMAC each,
/// which is too much for one that is revised all day. And a client looks for the value of an edit, and seals it if
/// it is new, on its own thread: this tells the writer whether what the client found still holds.
///
/// There are two generations. When the younger is full, the older goes. What stands here of a leaf is a hint: the
/// row may be of an operation that was not stored, or redacted since.
struct ValueMemory: Sendable {
    /// A fact with fewer values of one length is looked through, and not remembered.
    static let scanCountMax = 4
    /// Values in each of the two generations: at most 16 MB in each.
    static let countMax = 1 << 19

    /// When a value came last, and how its leaf begins.
    private struct Entry {
        private let bits: UInt64

        init(_ leaf: Leaf, at sequence: UInt64) {
            bits = sequence << 24 | Entry.start(of: leaf)
        }

        /// The operation that brought it; 0 if it was there before anybody took notice.
        var sequence: UInt64 { bits >> 24 }

        var leafStart: [UInt8] { Array([UInt8](bigEndian: bits)[5...]) }

        private static func start(of leaf: Leaf) -> UInt64 {
            leaf.bytes.prefix(3).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private struct Generation {
        var values: [FactValueHash: Entry] = [:]
        /// Facts all of whose values are in this generation or came later.
        var whole: Set<FactID> = []
    }

    private let countMax: Int
    private var young = Generation()
    private var old = Generation()
    /// All operations after this one brought their values into the younger generation.
    private var youngStart: UInt64 = 0
    /// Operations before this one are forgotten.
    private var floor: UInt64 = 0
    private var newest: UInt64 = 0
    private var redaction: UInt64?

    init(countMax: Int = ValueMemory.countMax) { self.countMax = countMax }

    // MARK: Asking

    /// Returns how the leaf of a value begins, if it is known, and whether a value that is not known is new.
    func search(
        _ value: FactValueHash, of fact: FactID
    ) -> (leafStart: [UInt8]?, knowsAll: Bool) {
        let entry = young.values[value] ?? old.values[value]
        return (entry?.leafStart, young.whole.contains(fact) || old.whole.contains(fact))
    }

    /// Whether what a client found is still so.
    func holds(_ found: FoundValue) -> Bool {
        let sequence = found.operationCount
        guard redaction.map({ $0 < sequence }) ?? true else { return false }
        // What was there stays, unless it is redacted.
        if case .known = found.value { return true }
        guard sequence >= floor else { return false }
        guard let entry = young.values[found.hash] ?? old.values[found.hash] else { return true }
        return entry.sequence < sequence
    }

    // MARK: Noting

    /// Notes that operation `sequence` brings a value, whether it becomes durable or not.
    mutating func add(_ value: FactValueHash, _ leaf: Leaf, at sequence: UInt64) {
        newest = max(newest, sequence)
        makeRoom(for: 1)
        young.values[value] = Entry(leaf, at: sequence)
    }

    /// Notes that operation `sequence` takes text away.
    mutating func addRedaction(at sequence: UInt64) { redaction = sequence }

    /// Notes all values that a fact had before operation `count`.
    ///
    /// Those that operations from there on brought are here already, unless so many came that they are partly
    /// forgotten: then nothing is noted.
    mutating func remember(
        _ fact: FactID, _ values: [(hash: FactValueHash, leaf: Leaf)], before count: UInt64
    ) {
        guard values.count <= countMax / 2 else { return }
        makeRoom(for: values.count)
        guard count > youngStart else { return }
        for value in values {
            let known = young.values[value.hash] ?? old.values[value.hash]
            let isLater = known.map { $0.sequence >= count } ?? false
            young.values[value.hash] =
                isLater ? known : Entry(value.leaf, at: known?.sequence ?? 0)
        }
        young.whole.insert(fact)
    }

    private mutating func makeRoom(for count: Int) {
        guard young.values.count + count > countMax else { return }
        (old, young, floor) = (young, Generation(), youngStart + 1)
        youngStart = newest
    }
}
