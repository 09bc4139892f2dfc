import ArgumentParser
import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataServer
import ErrataService
import Foundation

struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Give free pages back to the disk",
        discussion: """
            Writes journal and events anew without free pages, verifies the result and puts it in place, \
            each file in one step: a crash at any moment leaves the old file or the new one, which say the \
            same. The daemon must be stopped. It takes as much room on the disk as the new files need.

              errata compact --dry-run
              errata compact
            """)

    @Flag(help: "Only tell what would be freed; a daemon may run.")
    var dryRun = false

    @Flag(help: "Write JSON to standard output.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "The data directory. (default: $ERRATA_DATA, else under $XDG_DATA_HOME)",
            valueName: "dir"))
    var data: String?

    func run() async throws {
        let directory = Paths.data(option: data)
        // Where a daemon runs, it has the lock and the store is in order.
        let lock =
            dryRun ? try? StoreLock(ofStoreIn: directory) : try StoreLock(ofStoreIn: directory)
        defer { lock?.release() }
        let before = DataDirectory.storeByteCount(directory)
        let check = try StoreCheck(reading: directory)
        let size: StoreCopy.Size
        do {
            defer { check.close() }
            size = try check.copy.size()
        }
        if dryRun {
            let plan = CompactReply(
                before: before, after: max(0, before - size.freeByteCount), isDryRun: true)
            return try plan.show(json: json) { $0.show() }
        }
        if !json { Terminal.error.line("Freeing about \(byteText(size.freeByteCount))") }
        let bar = ProgressBar("Copying")
        do {
            _ = try await StoreBackup(of: directory).compact { part, done in
                bar.update(Int(clamping: done), of: nil, label: part)
            }
        } catch {
            bar.clear()
            throw error
        }
        bar.clear()
        let reply = CompactReply(
            before: before, after: DataDirectory.storeByteCount(directory), isDryRun: false)
        try reply.show(json: json) { $0.show() }
    }
}

/// What a compaction did, or would do.
private struct CompactReply: Encodable {
    /// Bytes of journal and events.
    let before: Int
    let after: Int
    let isDryRun: Bool

    func show() {
        let sizes = "\(byteText(before)) to \(byteText(after))"
        Terminal.output.line(
            isDryRun
                ? "Would shrink journal and events from \(sizes); nothing was changed"
                : "Shrank journal and events from \(sizes)")
    }
}

extension DataDirectory {
    /// Returns the bytes of the journal's and events' files.
    fileprivate static func storeByteCount(_ directory: String) -> Int {
        byteCount(directory + "/journal") + byteCount(directory + "/events")
    }
}
