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
    private let cache = Mutex(
        RecentValues<ReadingName, TextReading>(countMax: LoadedReader.readingCountMax))

    /// How many readings are kept at most.
    static let readingCountMax = 65_536

    init(_ reader: Reader) { self.reader = reader }

    /// Returns one reading a text, in their order; reads together what was not read lately.
    func read(_ question: String, _ texts: [String]) throws -> [TextReading] {
        let names = texts.map { ReadingName(question, $0) }
        var known = cache.withLock { cache in
            Dictionary(
                names.compactMap { name in cache[name].map { (name, $0) } },
                uniquingKeysWith: { first, _ in first })
        }
        var missing: [(name: ReadingName, text: String)] = []
        var seen: Set<ReadingName> = []
        for (name, text) in zip(names, texts) where known[name] == nil {
            if seen.insert(name).inserted { missing.append((name, text)) }
        }
        if !missing.isEmpty {
            let readings = try reader.read(missing.map { (question, $0.text) })
            for ((name, text), reading) in zip(missing, readings) {
                known[name] = TextReading(reading, of: text)
            }
            cache.withLock { cache in
                for (name, _) in missing {
                    if let reading = known[name] { cache.insert(reading, for: name) }
                }
            }
        }
        return names.compactMap { known[$0] }
    }
}

/// Which question was read with which text, as a hash: the memory of readings holds no text.
private struct ReadingName: Hashable, Sendable {
    private let digest: Digest

    init(_ question: String, _ text: String) {
        // No question holds a zero byte that a text could continue: its length stands in front.
        digest = .sha256(
            Array("\(question.utf8.count):".utf8) + Array(question.utf8) + Array(text.utf8))
    }
}
