import ErrataCore
import ErrataModels
import Synchronization

/// What the reader says of one text; the span is in bytes, so that it outlives the text.
struct TextReading: Sendable {
    let scope: Float
    let subject: Float
    /// The bytes of the text that answer best; empty if none do.
    let span: Range<Int>
    let isTruncated: Bool

    init(_ reading: Reading, of text: String) {
        scope = reading.scope
        subject = reading.subject
        let start = text.utf8.distance(from: text.startIndex, to: reading.span.lowerBound)
        let length = text.utf8.distance(
            from: reading.span.lowerBound, to: reading.span.upperBound)
        span = start..<start + length
        isTruncated = reading.isTruncated
    }
}

/// The reader with its memory: a reading depends on the two texts alone, so it is kept for all versions.
final class LoadedReader: Sendable {
    let reader: Reader
    private let cache = Mutex(ReadingCache())

    init(_ reader: Reader) { self.reader = reader }

    /// Returns one reading a text, in their order; reads together what was not read lately.
    func read(_ question: String, _ texts: [String]) throws -> [TextReading] {
        let names = texts.map { ReadingCache.Name(question, $0) }
        var known = cache.withLock { cache in
            Dictionary(
                names.compactMap { name in cache[name].map { (name, $0) } },
                uniquingKeysWith: { first, _ in first })
        }
        var missing: [(name: ReadingCache.Name, text: String)] = []
        var seen: Set<ReadingCache.Name> = []
        for (name, text) in zip(names, texts) where known[name] == nil {
            if seen.insert(name).inserted { missing.append((name, text)) }
        }
        if !missing.isEmpty {
            let readings = try reader.read(missing.map { (question, $0.text) })
            for ((name, text), reading) in zip(missing, readings) {
                known[name] = TextReading(reading, of: text)
            }
            cache.withLock { cache in
                for (name, _) in missing { cache[name] = known[name] }
            }
        }
        return names.compactMap { known[$0] }
    }
}

/// Readings by the hash of their texts; it holds no text.
///
/// Two generations: when the young one is full it becomes the old one, and what was not asked for since
/// then is forgotten. That keeps the newest half of the limit at least, at one lookup each.
struct ReadingCache {
    /// How many readings are kept at most.
    static let countMax = 65_536

    /// Which question was read with which text.
    struct Name: Hashable, Sendable {
        private let digest: Digest

        init(_ question: String, _ text: String) {
            // No question holds a zero byte that a text could continue: its length stands in front.
            digest = .sha256(
                Array("\(question.utf8.count):".utf8) + Array(question.utf8) + Array(text.utf8))
        }
    }

    private var young: [Name: TextReading] = [:]
    private var old: [Name: TextReading] = [:]

    subscript(name: Name) -> TextReading? {
        mutating get {
            if let reading = young[name] { return reading }
            guard let reading = old[name] else { return nil }
            self[name] = reading
            return reading
        }
        set {
            if young.count >= ReadingCache.countMax / 2 {
                old = young
                young = [:]
            }
            young[name] = newValue
        }
    }
}
