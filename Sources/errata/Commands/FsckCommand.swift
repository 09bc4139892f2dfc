import ArgumentParser
import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataServer
import ErrataService
import Foundation

struct FsckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Check a stopped store, and rebuild what follows from the rest",
        discussion: """
            Verifies the data directory, which no daemon may have open, and says of each finding whether it \
            is in what the store rests on (operations, payloads, keys, events) or in what follows from \
            that. --repair makes tables anew from the operations, in a copy that takes the store's place if all \
            of it is intact then, and deletes a damaged search index or audit database, which the daemon \
            makes anew; what the store rests on can only come back from a backup.

              errata fsck
              errata fsck --repair
            """)

    @Flag(help: "Rebuild what can be rebuilt.")
    var repair = false

    @Flag(help: "Write JSON to standard output.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "The data directory. (default: $ERRATA_DATA, else under $XDG_DATA_HOME)",
            valueName: "dir"))
    var data: String?

    func run() async throws {
        let directory = Paths.data(option: data)
        let lock = try StoreLock(ofStoreIn: directory)
        defer { lock.release() }
        let bar = ProgressBar("Checking")
        let report: StoreReport
        do {
            report = try await VerifierProcess(directory: directory).run { part, done in
                bar.update(Int(clamping: done), of: nil, label: "Checking \(part)")
            }
        } catch {
            bar.clear()
            throw error
        }
        bar.clear()
        var reply = FsckReply(report)
        if repair, !reply.tables.isEmpty {
            defer { bar.clear() }
            do {
                _ = try await StoreBackup(of: directory).rebuildTables { part, done in
                    bar.update(Int(clamping: done), of: nil, label: part)
                }
                reply.repaired.append("tables")
            } catch let error as ServiceError where error.code == .corrupt {
                // The findings tell it all.
            }
        }
        for (part, findings) in [("index", reply.index), ("audit", reply.audit)]
        where repair && !findings.isEmpty {
            try FileManager.default.removeItem(atPath: directory + "/" + part)
            reply.repaired.append(part)
        }
        try reply.show(json: json) { $0.show() }
        guard reply.isClean else { throw reply.failure(afterRepair: repair) }
    }
}

/// What is wrong with a store, by what can be done about it.
private struct FsckReply: Encodable {
    let operations: UInt64
    /// In operations, payloads, keys or events, or in the files under them; damaged tables can make them look so.
    let base: [String]
    /// In tables of the journal that follow from the operations.
    let tables: [String]
    /// In the search index.
    let index: [String]
    /// In the audit database.
    let audit: [String]
    var repaired: [String] = []

    init(_ report: StoreReport) {
        let problems = report.found.problems
        operations = report.found.operationCount
        func kind(_ problem: VerifyReport.Problem) -> StorePart { StorePart(of: problem.place) }
        base = problems.filter { kind($0) == .base }.map(\.description)
        tables = problems.filter { kind($0) == .derivedTable }.map(\.description)
        index = problems.filter { kind($0) == .index }.map(\.description)
        audit = problems.filter { kind($0) == .audit }.map(\.description)
    }

    var isClean: Bool {
        // What takes the tables' place was found intact as a whole.
        (base.isEmpty && tables.isEmpty || repaired.contains("tables"))
            && (index.isEmpty || repaired.contains("index"))
            && (audit.isEmpty || repaired.contains("audit"))
    }

    /// Says what is to be done about what is left.
    func failure(afterRepair: Bool) -> Failure {
        if !base.isEmpty, !tables.isEmpty, !afterRepair {
            return Failure(
                "tables that follow from the operations are damaged, or more than those: "
                    + (base + tables).count.counted("finding"),
                hint: "'errata fsck --repair' makes them anew if that mends all.")
        }
        if !base.isEmpty, !repaired.contains("tables") {
            return Failure(
                "what the store rests on is damaged: \(base.count.counted("finding"))",
                hint: "Restore the data directory from a backup.")
        }
        if !tables.isEmpty, !repaired.contains("tables") {
            return Failure(
                "tables that follow from the operations are damaged: "
                    + tables.count.counted("finding"),
                hint: "'errata fsck --repair' makes them anew.")
        }
        let (name, count) =
            index.isEmpty ? ("audit database", audit.count) : ("search index", index.count)
        return Failure(
            "the \(name) is damaged: \(count.counted("finding"))",
            hint: "'errata fsck --repair' deletes it, and the daemon makes it anew.")
    }

    func show() {
        for (name, findings) in [
            ("base", base), ("tables", tables), ("index", index), ("audit", audit),
        ] {
            for finding in findings {
                Terminal.output.line(Style.red.on("\(name.padded(7)) \(finding.printable)"))
            }
        }
        for part in repaired {
            Terminal.output.line(
                part == "tables"
                    ? "Made the tables anew from the operations"
                    : "Deleted the \(part == "audit" ? "audit database" : "index"); "
                        + "the daemon makes it anew when it starts")
        }
        if base.isEmpty, tables.isEmpty, index.isEmpty, audit.isEmpty {
            Terminal.output.line("Clean: \(operations.counted("operation"))")
        }
    }
}
