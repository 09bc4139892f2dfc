import ErrataCore
import ErrataRetrieval
import ErrataTesting
import Foundation
import GRDB
import Testing

/// Damaged, missing and foreign files.
@Suite struct RecoveryTests {
    let directory: TemporaryDirectory
    let encoder = WordHashEncoder()
    let model: KnowledgeModel
    let question = "Who is the director of Arden Lovat?"

    init() throws {
        directory = try TemporaryDirectory()
        var maker = FactMaker(seed: 21)
        var model = KnowledgeModel()
        model.commit(put: try maker.facts(70))
        self.model = model
    }

    func open(
        _ encoder: (any SentenceEncoding)?, key: [UInt8] = secret
    ) throws -> RetrievalIndex {
        try RetrievalIndex.open(directory: directory.path, secretKey: key, encoder: encoder)
    }

    func hits(_ index: RetrievalIndex) throws -> [SearchHit] {
        try index.search(
            SearchQuery(text: question, vector: encoder.vector(question)), at: commit(1), limit: 50)
    }

    /// Builds the index, closes it and returns what it finds.
    func build() async throws -> [SearchHit] {
        let index = try open(encoder)
        try await model.update(index, to: 1)
        let found = try hits(index)
        try index.close()
        #expect(found.count == 50)
        return found
    }

    /// Opens the index after damage and checks that it finds the same once its facts came in again.
    func expectRecovery(_ expected: [SearchHit], notice: String?) async throws {
        let index = try open(encoder)
        let notices = index.status().notices
        #expect(notices.count == (notice == nil ? 0 : 1), "\(notices)")
        if let notice { #expect(notices.first?.contains(notice) == true, "\(notices)") }
        try await model.update(index, to: 1)
        try await index.fillVectors { model.texts[$0].map { [$0] } ?? [] }
        #expect(index.status().pendingCount == 0)
        #expect(try hits(index) == expected)
        try index.close()
        // Recovery is over: the next start finds nothing to tell.
        let again = try open(encoder)
        #expect(again.status().notices.isEmpty)
        try again.close()
    }

    func overwrite(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    func truncate(_ path: String, to size: UInt64) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: size)
        try handle.close()
    }

    @Test(
        "a vector file that is cut short is filled again",
        arguments: [0, 10, 4_095, 4_096, 4_097, 10_000] as [UInt64], [".f32", ".i8"])
    func cutShort(size: UInt64, ending: String) async throws {
        let expected = try await build()
        try truncate(directory.name(ending: ending), to: size)
        try await expectRecovery(expected, notice: "vectors are made again")
    }

    @Test(
        "flipped bytes in a vector file are found and made again",
        arguments: [0, 20, 70, 4_096, 9_000] as [UInt64], [".f32", ".i8"])
    func flipped(offset: UInt64, ending: String) async throws {
        let expected = try await build()
        try overwrite(directory.name(ending: ending), at: offset, [0xff, 0xff, 0x7f, 0x13])
        try await expectRecovery(expected, notice: "vectors are made again")
    }

    @Test("a vector file that is gone is made again", arguments: [".f32", ".i8"])
    func gone(ending: String) async throws {
        let expected = try await build()
        try FileManager.default.removeItem(atPath: directory.name(ending: ending))
        try await expectRecovery(expected, notice: "vectors are made again")
    }

    @Test("rows that a crash left behind the count are written over")
    func crashLeftovers() async throws {
        let expected = try await build()
        for ending in [".f32", ".i8"] {
            let path = try directory.name(ending: ending)
            let size = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).seekToEnd()
            // Past the counted rows there is room from growing in steps.
            try overwrite(path, at: size - 9_000, [UInt8](repeating: 0xa5, count: 9_000))
        }
        try await expectRecovery(expected, notice: nil)
    }

    @Test("a damaged database is made anew", arguments: [0, 1, 2])
    func damagedDatabase(kind: Int) async throws {
        let expected = try await build()
        let path = try directory.name(ending: "index.sqlite")
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
        switch kind {
        case 0: try Data("garbage".utf8).write(to: URL(fileURLWithPath: path))
        case 1: try overwrite(path, at: 0, [UInt8](repeating: 0x5a, count: 4_096))
        default:
            let size = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).seekToEnd()
            for page in stride(from: 4_096, to: size, by: 4_096) {
                try overwrite(path, at: page, [UInt8](repeating: 0x5a, count: 64))
            }
        }
        try await expectRecovery(expected, notice: "the index is made anew")
    }

    @Test("an emptied database is a new one, and its vector files go")
    func emptiedDatabase() async throws {
        let expected = try await build()
        let path = try directory.name(ending: "index.sqlite")
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
        try Data().write(to: URL(fileURLWithPath: path))
        try await expectRecovery(expected, notice: nil)
        #expect(directory.names.filter { $0.hasPrefix("vectors-") }.count == 2)
    }

    @Test("an index of another store is made anew")
    func foreignStore() async throws {
        _ = try await build()
        let index = try open(encoder, key: Array("another secret".utf8))
        #expect(index.status().notices.first?.contains("another store") == true)
        #expect(index.status().rowCount == 0)
    }

    @Test("without an encoder words alone count; an encoder that comes later is caught up with")
    func encoderComesLater() async throws {
        let expected = try await build()
        try RetrievalIndex.delete(directory: directory.path)
        let lexical = try open(nil)
        try await model.update(lexical, to: 1)
        #expect(lexical.status().encoder == nil)
        #expect(lexical.status().pendingCount == 0)
        let words = try lexical.search(SearchQuery(text: question), at: commit(1), limit: 50)
        #expect(!words.isEmpty)
        #expect(words.allSatisfy { $0.dense == nil })
        try lexical.close()

        let index = try open(encoder)
        try await model.update(index, to: 1)
        #expect(index.status().pendingCount == index.status().rowCount)
        #expect(try index.search(SearchQuery(text: question), at: commit(1), limit: 50) == words)
        #expect(throws: RetrievalError.self) { try hits(index) }
        // Facts that come in meanwhile wait for their turn.
        let late = try FactDraft(statement: "A late fact").checked()
        try await index.index([IndexedFact(late)])
        #expect(index.status().vectorCount == 0)
        try await index.fillVectors {
            [$0 == late.version ? late : model.texts[$0]].compactMap(\.self)
        }
        #expect(index.status().pendingCount == 0)
        #expect(try hits(index) == expected)
        #expect(try index.vectors(of: late.version, kind: .statement).count == 1)
        try index.close()
    }

    // MARK: Indexes of the tables

    /// Runs statements on the closed file and returns the indexes that `rows` has then.
    @discardableResult
    func alter(_ sql: String = "") throws -> [String] {
        let queue = try DatabaseQueue(path: directory.name(ending: "index.sqlite"))
        defer { try? queue.close() }
        return try queue.write { db in
            try db.execute(sql: sql)
            return try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'rows'
                    ORDER BY name
                    """)
        }
    }

    @Test("a file gets the index by fact that it lacks, and one by text while there is an encoder")
    func indexes() async throws {
        let expected = try await build()
        let count = encoder.encodedCount
        let earlier = try alter(
            """
            DROP INDEX rows_by_fact; DROP INDEX rows_by_text;
            CREATE UNIQUE INDEX rows_by_text ON rows (text, fact, kind)
            """)
        #expect(earlier == ["rows_by_text"])
        try await expectRecovery(expected, notice: nil)
        #expect(try alter() == ["rows_by_fact", "rows_by_text"])
        try open(nil).close()
        #expect(try alter() == ["rows_by_fact"])
        try await expectRecovery(expected, notice: nil)
        #expect(try alter() == ["rows_by_fact", "rows_by_text"])
        #expect(encoder.encodedCount == count)
    }

    @Test("a database with a row twice is made anew")
    func rowTwice() async throws {
        let expected = try await build()
        try alter(
            """
            DROP INDEX rows_by_fact;
            INSERT INTO rows SELECT id + (SELECT count(*) FROM rows), fact, kind, text, tokens
            FROM rows LIMIT 1
            """)
        try await expectRecovery(expected, notice: "the index is made anew")
    }

    @Test("each encoder keeps its own vectors")
    func otherEncoder() async throws {
        let expected = try await build()
        let other = WordHashEncoder(name: "other", width: 16)
        let index = try open(other)
        try await model.update(index, to: 1)
        try await index.fillVectors { model.texts[$0].map { [$0] } ?? [] }
        #expect(index.status().vectorCount == index.status().rowCount)
        try index.close()
        let count = encoder.encodedCount
        try await expectRecovery(expected, notice: nil)
        #expect(encoder.encodedCount == count)
    }

    @Test("a fact whose text is gone keeps its place without vectors")
    func erasedText() async throws {
        let lexical = try open(nil)
        try await model.update(lexical, to: 1)
        try lexical.close()
        let index = try open(encoder)
        try await model.update(index, to: 1)
        try await index.fillVectors { _ in [] }
        #expect(index.status().pendingCount == 0)
        let found = try hits(index)
        #expect(found.allSatisfy { $0.dense == nil && $0.lexical != nil })
        let gone = try FactDraft(statement: "gone").checked()
        try await index.index([IndexedFact(gone.version, nil)])
        #expect(try index.unindexed([gone.version]).isEmpty)
    }
}
