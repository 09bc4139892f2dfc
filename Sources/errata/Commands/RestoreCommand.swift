import ArgumentParser
import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataServer
import ErrataService

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data directory from a backup",
        discussion: """
            Verifies the backup, copies it to a new directory, verifies that, and gives it its name in one \
            step. No daemon may have the backup open. Serve the result with 'errata serve --data'.

              errata restore /backup/errata-2026-11-26 ~/.local/share/errata
            """)

    @Flag(help: "Write JSON to standard output.")
    var json = false

    @Argument(help: "The directory that 'errata backup' wrote.")
    var backup: String

    @Argument(help: "A directory that does not exist yet, or is empty.")
    var directory: String

    func run() async throws {
        let source = Paths.absolute(backup)
        let bar = ProgressBar("Checking")
        let found: VerifyReply
        do { found = try await VerifyCommand.verify(source, bar) } catch {
            bar.clear()
            throw error
        }
        guard found.isIntact else {
            bar.clear()
            found.show()
            throw Failure("the backup is damaged, nothing was restored")
        }
        let lock = try StoreLock(ofStoreIn: source)
        defer { lock.release() }
        let report: BackupReport
        do {
            report = try await StoreBackup(of: source).run(
                to: Paths.absolute(directory), verifies: true
            ) { part, done in bar.update(Int(clamping: done), of: nil, label: part) }
        } catch {
            bar.clear()
            throw error
        }
        bar.clear()
        try BackupReply(report).show(json: json) { $0.show(verb: "Restored") }
    }
}

extension Encodable {
    /// Writes the value as JSON, or lets `body` write it for people.
    func show(json: Bool, _ body: (Self) -> Void) throws {
        guard json else { return body(self) }
        Terminal.output.write(Array(try JSONCoding.encodePretty(self)) + [UInt8(ascii: "\n")])
    }
}
