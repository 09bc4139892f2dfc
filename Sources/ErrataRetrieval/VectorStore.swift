import ErrataCore
import FoundationEssentials
import Synchronization

/// The vectors of one encoder, row n of the store being row n of the row table.
///
/// Vectors fill rows in order: the first ``count`` rows have theirs (or are marked as having none), no
/// later row has.
final class VectorStore: Sendable {
    /// How much of the generation stands in the names of the files.
    static let generationByteCountInName = 8

    let name: String
    let identity: [UInt8]
    let width: Int
    private let vectors: RowFile
    private let codes: RowFile
    private let published: Mutex<Int>

    /// Opens the files in `directory`; `count` rows were counted in the row table.
    ///
    /// Rows that are missing or damaged are cut off, with all that follow. `problem` says why.
    static func open(
        directory: String, encoder: any SentenceEncoding, generation: [UInt8], count: Int
    ) throws -> (store: VectorStore, problem: String?) {
        let base = path(in: directory, encoder: encoder.identity, generation: generation)
        func open(
            _ content: RowFileHeader.Content, _ ending: String
        ) throws -> (file: RowFile, isNew: Bool, problem: String?) {
            try RowFile.open(
                path: base + ending,
                header: RowFileHeader(
                    content: content, width: encoder.width, encoder: encoder.identity,
                    generation: generation))
        }
        let vectors = try open(.vectors, ".f32")
        let codes = try open(.codes, ".i8")
        let store = VectorStore(encoder, vectors.file, codes.file)
        let sound = vectors.isNew || codes.isNew ? 0 : store.soundRowCount(of: count)
        store.publish(count: sound)
        guard sound < count else { return (store, nil) }
        let reason =
            vectors.problem ?? codes.problem
            ?? "\(base).f32 or .i8 is damaged or cut short at row \(sound)"
        return (store, "\(reason); \(count - sound) vectors are made again")
    }

    /// Returns the path of an encoder's files without their endings, `.f32` and `.i8`.
    static func path(in directory: String, encoder: [UInt8], generation: [UInt8]) -> String {
        directory + "/vectors-" + Hex.encode(encoder.prefix(8)) + "-"
            + Hex.encode(generation.prefix(generationByteCountInName))
    }

    private init(_ encoder: any SentenceEncoding, _ vectors: RowFile, _ codes: RowFile) {
        name = encoder.name
        identity = encoder.identity
        width = encoder.width
        self.vectors = vectors
        self.codes = codes
        published = Mutex(0)
    }

    /// How many rows have vectors.
    var count: Int { published.withLock { $0 } }

    var byteCount: Int { vectors.byteCount + codes.byteCount }

    /// Writes the vectors of rows `count...`, nil for a row that has none, and waits for the disk.
    ///
    /// Searches see them after ``publish(count:)``.
    func append(_ rows: [[Float]?]) throws {
        let start = count
        var vectorBytes: [UInt8] = []
        var codeBytes: [UInt8] = []
        vectorBytes.reserveCapacity(rows.count * width * 4)
        codeBytes.reserveCapacity(rows.count * RowCode.byteCount(width: width))
        for row in rows {
            let vector = row ?? [Float](repeating: 0, count: width)
            precondition(vector.count == width)
            vector.withUnsafeBytes { vectorBytes += $0 }
            codeBytes += RowCode(vector).record(vector: vector)
        }
        try vectors.write(vectorBytes, atRow: start)
        try codes.write(codeBytes, atRow: start)
        try vectors.sync()
        try codes.sync()
    }

    func publish(count: Int) { published.withLock { $0 = count } }

    /// The rows as they are now.
    var view: VectorView {
        // The count is read before the mappings: a mapping is never older than a count.
        let count = count
        return VectorView(
            count: count, width: width, vectors: vectors.mapping, codes: codes.mapping)
    }

    /// Returns how many of the first `count` rows are there and pass their checksums, up to the first
    /// that does not.
    private func soundRowCount(of count: Int) -> Int {
        let vectors = vectors.mapping
        let codes = codes.mapping
        let present = min(count, vectors.rowCapacity, codes.rowCapacity)
        let codeByteCount = codes.recordByteCount - 4
        for row in 0..<present {
            let sum = RowChecksum.of(
                vector: UnsafeRawBufferPointer(
                    start: vectors.record(row), count: vectors.recordByteCount),
                code: UnsafeRawBufferPointer(start: codes.record(row), count: codeByteCount))
            let stored = (codes.record(row) + codeByteCount).load(as: UInt32.self)
            guard UInt32(littleEndian: stored) == sum else { return row }
        }
        return present
    }
}

/// The vectors that one search works on.
struct VectorView: Sendable {
    let count: Int
    let width: Int
    let vectors: RowMapping
    let codes: RowMapping

    /// Returns the vector of `row`, or nil if the row has none.
    func vector(_ row: Int) -> [Float]? {
        guard row < count, isPresent(row) else { return nil }
        let start = vectors.record(row).assumingMemoryBound(to: Float.self)
        return Array(UnsafeBufferPointer(start: start, count: width))
    }

    func isPresent(_ row: Int) -> Bool {
        let bounds = RowBounds(record: codes.record(row), numberByteCount: (width + 3) / 4 * 4)
        return bounds.residual >= 0
    }
}
