import ErrataCore
import ErrataJournal
import ErrataRetrieval
import Foundation

/// The retrieval index with what works on it: all of it follows from the journal and may be deleted.
///
/// Each index lies in a numbered directory under `index/`. A rebuild fills the next one beside the one in use
/// and takes its place when it is complete, which a file in it says. At the start the highest complete one
/// counts, else the lowest, and the rest is swept away.
final class DerivedState: Sendable {
    let directory: String
    let number: Int
    let index: RetrievalIndex
    let indexer: Indexer
    let retriever: Retriever
    let answerers: Answerers

    private init(
        in parent: String, number: Int, journal: Journal, models: LoadedModels,
        donor: RetrievalIndex? = nil
    ) throws {
        self.number = number
        directory = parent + "/\(number)"
        index = try RetrievalIndex.open(
            directory: directory, secretKey: DerivedState.secretKey { journal.textDigest(of: $0) },
            encoder: models.encoder, donor: donor)
        indexer = Indexer(journal: journal, index: index)
        retriever = Retriever(
            journal: journal, index: index, encoder: models.encoder, key: models.retrievalKey)
        answerers = try Answerers(index: index, models: models)
        indexer.start()
    }

    /// Opens the index that lies under `parent`, or begins one.
    static func open(
        in parent: String, journal: Journal, models: LoadedModels
    ) throws -> DerivedState {
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let names = try FileManager.default.contentsOfDirectory(atPath: parent)
        let number = number(in: parent) ?? 1
        let redactionCount = try journal.redactionCount
        let holdsRedacted = redactionCount != readRedactionCount(in: parent + "/\(number)")
        for name in names where name != String(number) || holdsRedacted {
            try FileManager.default.removeItem(atPath: parent + "/" + name)
        }
        let state = try DerivedState(in: parent, number: number, journal: journal, models: models)
        try state.note(redactionCount: redactionCount)
        return state
    }

    private static let redactionMark = "redactions"

    /// Returns how many values were redacted when the index in `directory` was begun.
    private static func readRedactionCount(in directory: String) -> Int {
        let text = try? String(contentsOfFile: directory + "/" + redactionMark, encoding: .utf8)
        return text.flatMap(Int.init) ?? 0
    }

    /// Writes down how many values were redacted already when this index was begun.
    ///
    /// One that was begun before a redaction may hold its words, so it is not opened again.
    private func note(redactionCount: Int) throws {
        guard redactionCount > 0 else { return }
        try Data("\(redactionCount)".utf8).write(
            to: URL(filePath: directory + "/" + DerivedState.redactionMark))
    }

    private static let completeMark = "complete"

    /// Returns the number of the index that counts under `parent`, nil if there is none.
    static func number(in parent: String) -> Int? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        let numbers = names.compactMap(Int.init)
        let complete = numbers.filter {
            FileManager.default.fileExists(atPath: parent + "/\($0)/" + completeMark)
        }
        return complete.max() ?? numbers.min()
    }

    /// Returns the key of the index; `digest` is HMAC under the store's secret.
    static func secretKey(_ digest: (String) -> Digest) -> [UInt8] {
        digest("retrieval rows").bytes
    }

    /// Says on disk that this index may take the place of the one before it.
    func markComplete() throws {
        try Data().write(to: URL(filePath: directory + "/" + DerivedState.completeMark))
    }

    /// Begins the index that is to follow this one; takes vectors over from this one if `reusing` says so.
    func next(
        in parent: String, journal: Journal, models: LoadedModels, reusingVectors reusing: Bool
    ) throws -> DerivedState {
        let number = number + 1
        try? FileManager.default.removeItem(atPath: parent + "/\(number)")
        let redactionCount = try journal.redactionCount
        let state = try DerivedState(
            in: parent, number: number, journal: journal, models: models,
            donor: reusing ? index : nil)
        try state.note(redactionCount: redactionCount)
        return state
    }

    /// Stops the work and lets go of the files.
    func close() async {
        await indexer.stop()
        try? index.close()
    }

    /// Deletes the files; those who still search keep what they have mapped.
    func delete() throws { try FileManager.default.removeItem(atPath: directory) }
}
