package import ErrataCore
import FoundationEssentials
import GRDB
import Glibc

/// Holds the files of an index against the facts that they were made from.
///
/// It only reads, beside the process that may be writing the index, and maps no file. What it finds, a rebuild
/// mends: nothing here is the truth.
package struct IndexChecker {
    private static let versionsPerStep = 500

    private let directory: String
    private let key: [UInt8]
    private let facts: ([FactVersion]) throws -> [[Fact]?]
    private let progress: (_ part: String, _ done: UInt64) -> Void
    private let report: (_ place: String, _ message: String) -> Void

    /// Prepares to check the index in `directory`; `key` is the one it was opened with.
    ///
    /// `facts` gives what can be read of some versions, in their order; nil for those that the journal lacks.
    package init(
        directory: String, secretKey key: [UInt8],
        facts: @escaping ([FactVersion]) throws -> [[Fact]?],
        progress: @escaping (_ part: String, _ done: UInt64) -> Void,
        report: @escaping (_ place: String, _ message: String) -> Void
    ) {
        self.directory = directory
        self.key = key
        self.facts = facts
        self.progress = progress
        self.report = report
    }

    /// Checks everything; what cannot be read is reported, not thrown.
    package func run() {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(
                path: directory + "/index.sqlite", configuration: configuration)
            defer { try? queue.close() }
            // One transaction: what follows is one state of the database, whatever is written meanwhile.
            try queue.read { db in try check(db) }
        } catch let error as DatabaseError {
            report("index.sqlite", error.message ?? "\(error.resultCode)")
        } catch {
            report("index.sqlite", "\(error)")
        }
    }

    private func check(_ db: Database) throws {
        progress("index", 0)
        let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)")
        for problem in problems where problem != "ok" { report("index.sqlite", problem) }
        let generation = try IndexDatabase.generation(db, key: key)
        let rowCount = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM rows") ?? 0
        let last = try Int.fetchOne(db, sql: "SELECT MAX(id) FROM rows") ?? -1
        guard last == rowCount - 1 else {
            return report("index.sqlite", "it has \(rowCount) rows, the last is \(last)")
        }
        var rows = IndexRowCheck(rowCount: rowCount)
        try checkVersions(db, &rows)
        if let orphan = rows.firstUnseen {
            report("index.sqlite", "row \(orphan) belongs to no fact's version")
        }
        try checkTerms(db, rows.termSum)
        try checkVectors(db, generation, rowCount: rowCount)
    }

    // MARK: Rows

    private func checkVersions(_ db: Database, _ rows: inout IndexRowCheck) throws {
        var after: (Data, Data)?
        var done: UInt64 = 0
        while true {
            let records = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT fact, leaf, rows FROM fact_rows WHERE (fact, leaf) > (?, ?)
                        ORDER BY fact, leaf LIMIT \(IndexChecker.versionsPerStep)
                        """), arguments: [after?.0 ?? Data(), after?.1 ?? Data()])
            guard let last = records.last else { return }
            try check(records, db, &rows)
            done += UInt64(records.count)
            progress("index", done)
            after = (last[0], last[1])
        }
    }

    private func check(_ records: [Row], _ db: Database, _ rows: inout IndexRowCheck) throws {
        var versions: [(FactVersion, Data)] = []
        for record in records {
            let (fact, leaf, numbers): (Data, Data, Data) = (record[0], record[1], record[2])
            guard let fact = FactID(fact), let leaf = Leaf(leaf) else {
                report("index.sqlite", "a fact's version is damaged")
                continue
            }
            versions.append((FactVersion(fact, leaf), numbers))
        }
        let origins = try facts(versions.map(\.0))
        let tokenizer = try db.makeTokenizer(IndexDatabase.tokenizer)
        for ((version, numbers), origin) in zip(versions, origins) {
            let place = "the rows of fact \(version.fact.hex)"
            guard let origin else {
                report("index.sqlite", "\(place) are of a value that the journal lacks")
                continue
            }
            let isRight = try rows.check(origin, version.fact, numbers, db, key: key) {
                try tokenizer.tokenize(document: $0).map(\.token)
            }
            if !isRight { report("index.sqlite", "\(place) are not those of its text") }
        }
    }

    private func checkTerms(_ db: Database, _ expected: UInt64) throws {
        var sum: UInt64 = 0
        let places = try Row.fetchCursor(db, sql: "SELECT term, doc, offset FROM terms")
        while let place = try places.next() {
            sum &+= IndexRowCheck.mark(term: place[0], row: place[1], offset: place[2])
        }
        if sum != expected { report("index.sqlite", "it has other terms than the facts' texts") }
    }

    // MARK: Vectors

    private func checkVectors(_ db: Database, _ generation: [UInt8], rowCount: Int) throws {
        for record in try Row.fetchAll(db, sql: "SELECT identity, rows FROM encoders") {
            let (identity, count): (Data, Int) = (record[0], record[1])
            guard identity.count == Digest.byteCount, (0...rowCount).contains(count) else {
                report("index.sqlite", "the row of an encoder is damaged")
                continue
            }
            guard count > 0 else { continue }
            let check = VectorFileCheck(
                base: VectorStore.path(
                    in: directory, encoder: Array(identity), generation: generation),
                encoder: Array(identity), generation: generation, rowCount: count)
            if let problem = check.problem({ progress("vectors", UInt64($0)) }) {
                report("vectors", problem)
            }
        }
    }
}

/// What the rows must be, as they are gone through.
struct IndexRowCheck {
    private var seen: [Bool]
    /// The sum over the terms of all searched rows; see ``mark(term:row:offset:)``.
    private(set) var termSum: UInt64 = 0

    init(rowCount: Int) { seen = [Bool](repeating: false, count: rowCount) }

    var firstUnseen: Int? { seen.firstIndex(of: false) }

    /// Returns whether `numbers` are the rows of the forms of `facts`, each with what the form says.
    mutating func check(
        _ facts: [Fact], _ id: FactID, _ numbers: Data, _ db: Database, key: [UInt8],
        terms: (String) throws -> [String]
    ) throws -> Bool {
        let rows = IndexDatabase.unpack(numbers)
        let forms = facts.surfaceForms
        guard numbers.count == rows.count * 4, rows.count == forms.count else { return false }
        let statement = try db.cachedStatement(
            sql: "SELECT fact, kind, text, tokens FROM rows WHERE id = ?")
        for (number, form) in zip(rows, forms) {
            guard number < seen.count,
                let row = try Row.fetchOne(statement, arguments: [Int(number)])
            else { return false }
            let words = try terms(form.text)
            let (factID, text): (Data, Data) = (row[0], row[2])
            let textID = IndexWriter.textID(form.text, key: key)
            guard Array(factID) == id.bytes, row[1] == form.kind.rawValue, Array(text) == textID,
                row[3] == words.count
            else { return false }
            guard !seen[Int(number)] else { continue }
            seen[Int(number)] = true
            guard form.kind.isSearched else { continue }
            for (offset, word) in words.enumerated() {
                termSum &+= IndexRowCheck.mark(term: word, row: Int(number), offset: offset)
            }
        }
        return true
    }

    /// A number for one place of a term; sums of them tell sets of places apart, against damage, not forgery.
    static func mark(term: String, row: Int, offset: Int) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in term.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for value in [row, offset] {
            hash = (hash ^ UInt64(bitPattern: Int64(value))) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        return (hash &* 0xbf58_476d_1ce4_e5b9) ^ hash >> 32
    }
}

/// The two files of one encoder's vectors.
struct VectorFileCheck {
    private static let bytesPerStep = 1 << 20
    private static let widthMax = 1 << 16

    let base: String
    let encoder: [UInt8]
    let generation: [UInt8]
    let rowCount: Int

    /// Says what is wrong first; `progress` is told how many rows are done.
    func problem(_ progress: (Int) -> Void) -> String? {
        guard let vectors = CheckedFile(path: base + ".f32"),
            let codes = CheckedFile(path: base + ".i8")
        else { return "the files of encoder \(Hex.encode(encoder.prefix(8))) are missing" }
        guard let head = vectors.read(16, at: 0) else { return "\(base).f32 is cut short" }
        let width = head[12...].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard (1...VectorFileCheck.widthMax).contains(width) else {
            return "the header of \(base).f32 is damaged"
        }
        let headers = [RowFileHeader.Content.vectors, .codes].map {
            RowFileHeader(content: $0, width: width, encoder: encoder, generation: generation)
        }
        for (file, header) in zip([vectors, codes], headers)
        where file.read(RowFileHeader.byteCount, at: 0) != header.page {
            return "the header of \(file.path) is damaged"
        }
        let sizes = headers.map(\.recordByteCount)
        let step = max(1, VectorFileCheck.bytesPerStep / sizes[0])
        for start in stride(from: 0, to: rowCount, by: step) {
            let count = min(step, rowCount - start)
            guard
                let vectorBytes = vectors.read(
                    count * sizes[0], at: RowFileHeader.byteCount + start * sizes[0]),
                let codeBytes = codes.read(
                    count * sizes[1], at: RowFileHeader.byteCount + start * sizes[1])
            else { return "\(base) is cut short after row \(start)" }
            for i in 0..<count
            where !isSound(
                vectorBytes[i * sizes[0]..<(i + 1) * sizes[0]],
                codeBytes[i * sizes[1]..<(i + 1) * sizes[1]])
            {
                return "the vector of row \(start + i) in \(base) is damaged"
            }
            progress(start + count)
        }
        return nil
    }

    private func isSound(_ vector: ArraySlice<UInt8>, _ code: ArraySlice<UInt8>) -> Bool {
        let sum = vector.withUnsafeBytes { vector in
            code.dropLast(4).withUnsafeBytes { RowChecksum.of(vector: vector, code: $0) }
        }
        return code.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } == sum
    }
}

/// A file that is read piece by piece.
private final class CheckedFile {
    let path: String
    private let descriptor: CInt

    init?(path: String) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Returns `count` bytes from `offset` on, nil if they are not there.
    func read(_ count: Int, at offset: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    descriptor, buffer.baseAddress.map { $0 + done }, count - done,
                    off_t(offset + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }
}
