import ErrataCore
import FoundationEssentials

extension RetrievalIndex {
    static func openDatabase(
        _ directory: String, _ key: [UInt8], _ encoder: (any SentenceEncoding)?
    ) throws -> (IndexDatabase, IndexState) {
        let database = try IndexDatabase(
            path: directory + "/index.sqlite", key: key, findsTexts: encoder != nil)
        let state = IndexState()
        do {
            var rows: [(fact: FactID, kind: SurfaceKind, tokenCount: Int)] = []
            try database.forEachRow { rows.append(($0.fact, $0.kind, $0.tokenCount)) }
            state.append(rows)
        } catch {
            try? database.close()
            throw error
        }
        return (database, state)
    }

    /// Whether beginning anew helps.
    static func isDamage(_ error: any Error) -> Bool {
        (error as? RetrievalError)?.code == .databaseTrouble
    }

    static func openVectors(
        _ directory: String, _ encoder: (any SentenceEncoding)?, _ database: IndexDatabase,
        rowCount: Int, _ notices: inout [String]
    ) throws -> VectorStore? {
        try removeForeignVectors(directory, generation: database.generation)
        guard let encoder else { return nil }
        precondition(encoder.identity.count == Digest.byteCount && encoder.width > 0)
        let counted = min(try database.vectorCount(encoder: encoder.identity), rowCount)
        let (vectors, problem) = try VectorStore.open(
            directory: directory, encoder: encoder, generation: database.generation, count: counted)
        if let problem { notices.append(problem) }
        if vectors.count < counted {
            try database.setVectorCount(vectors.count, encoder: encoder.identity)
        }
        return vectors
    }

    /// Deletes vector files whose row numbers are not those of this database.
    private static func removeForeignVectors(_ directory: String, generation: [UInt8]) throws {
        let own = "-" + Hex.encode(generation.prefix(VectorStore.generationByteCountInName)) + "."
        for name in try FileManager.default.contentsOfDirectory(atPath: directory)
        where name.hasPrefix("vectors-") && !name.contains(own) {
            try FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }
}
