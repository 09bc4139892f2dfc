package import ErrataJournal
import ErrataRetrieval

extension KnowledgeBase {
    /// Returns what each part of the data directory takes, in bytes.
    package func usage() throws(ServiceError) -> [UsagePart] {
        try wrapping { try journal.usage() } + indexUsage()
    }

    private func indexUsage() -> [UsagePart] {
        let rows = (try? indexState())?.rows
        let files = DataDirectory.sizes(under: configuration.dataDirectory + "/index")
        let vectors = files.filter { $0.name.hasPrefix("vectors-") }.reduce(0) { $0 + $1.byteCount }
        let all = files.reduce(0) { $0 + $1.byteCount }
        return [
            UsagePart(name: "index/rows", byteCount: all - vectors, rowCount: rows?.rowCount),
            UsagePart(name: "index/vectors", byteCount: vectors, rowCount: rows?.vectorCount),
        ]
    }

    /// Copies the store to `target` while it is being written, and verifies the copy if `verifies` says so.
    ///
    /// Other processes do it; blocks the thread.
    package func backup(
        to target: String, verifies: Bool, progress: @escaping StoreBackup.Progress
    ) async throws(ServiceError) -> BackupReport {
        guard let program = configuration.verifierProgram else {
            throw ServiceError(.io, "this daemon has no program that copies the store")
        }
        let source = configuration.dataDirectory
        guard !target.hasPrefix(source + "/") else {
            throw ServiceError(.invalidRequest, "a backup does not belong in the data directory")
        }
        do {
            defer { journal.clearDeadReaders() }
            return try await StoreBackup(program: program, of: source).run(
                to: target, verifies: verifies, progress: progress)
        } catch { throw ServiceError(wrapping: error) }
    }
}
