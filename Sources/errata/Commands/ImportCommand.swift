import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore
import Glibc

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Commit the facts of a file",
        discussion: """
            Takes JSON lines or one JSON array, of facts or of KnowEdit records (subject, prompt, \
            target_new, …). The whole file is checked before anything is committed: a line that \
            cannot be taken is reported by its number and nothing is done.

              errata import facts.jsonl -m 'facts of the news desk'
              errata import zsre-test.json --dry-run
              errata import big.jsonl --batch 10000
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case auto
        case jsonl
        case knowedit
    }

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var branch: BranchOption

    @Option(name: .shortAndLong, help: "The commit's message. (default: the file's name)")
    var message: String?

    @Option(help: "Who wrote the facts, if not you.")
    var author: String?

    @Option(help: "What the file holds.")
    var format: Format = .auto

    @Option(help: ArgumentHelp("Make a commit for each N facts.", valueName: "n"))
    var batch: Int?

    @Flag(help: "Check the file and commit nothing.")
    var dryRun = false

    @Argument(help: "The file, or '-' for standard input.")
    var file: String

    func run() throws {
        let source = try ImportSource(path: file)
        defer { source.close() }
        let bar = ProgressBar("Sending")
        let request = Request(
            method: "POST", path: "/v1/import", query: query,
            body: .file(
                descriptor: source.descriptor, mediaType: "application/octet-stream",
                byteCount: source.byteCount,
                progress: { bar.update($0, of: source.byteCount, label: "Sending") }))
        var client = daemon.client
        client.timeout = .seconds(600)
        let reply = try Result {
            try client.streamed(request, as: ImportReply.self) { record in
                bar.update(record.done, of: record.total, label: record.phase)
            }
        }.clearing(bar)
        try daemon.show(reply, show)
    }

    private var query: [(String, String?)] {
        [
            ("format", format.rawValue), ("branch", branch.branch),
            ("message", message ?? "import \(name)"), ("author", author),
            ("batch", batch.map(String.init)), ("dryRun", dryRun ? "true" : nil),
        ]
    }

    private var name: String {
        file == "-" ? "from standard input" : String(file.split(separator: "/").last ?? "")
    }

    private func show(_ reply: ImportReply) {
        for line in reply.duplicates {
            Terminal.error.line(Style.dim.on("line \(line.line): \(line.message)", .error))
        }
        if reply.duplicateCount > reply.duplicates.count {
            let rest = reply.duplicateCount - reply.duplicates.count
            Terminal.error.line(Style.dim.on("and \(rest.counted("line")) more", .error))
        }
        guard !reply.dryRun else {
            return Terminal.output.line(
                "Would commit \(reply.edits.counted("fact")); nothing was changed")
        }
        for commit in reply.commits {
            Terminal.output.line(
                "Committed \(Style.yellow.on(commit.commit.short)) on \(commit.branch): "
                    + commit.counts.sentence)
            commit.warnings.show()
        }
        if let unchanged = reply.unchanged, unchanged > 0 {
            Terminal.output.line("\(unchanged.counted("fact")) were there already")
        }
    }
}

/// An opened file to import.
private struct ImportSource {
    let descriptor: CInt
    /// Nil if it cannot be told before reading, as for a pipe.
    let byteCount: Int?

    init(path: String) throws {
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        var info = stat()
        guard descriptor >= 0, fstat(descriptor, &info) == 0 else {
            throw Failure("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        guard info.st_mode & S_IFMT != S_IFDIR else { throw Failure("\(path) is a directory") }
        byteCount = info.st_mode & S_IFMT == S_IFREG && path != "-" ? Int(info.st_size) : nil
    }

    func close() {
        if descriptor != STDIN_FILENO { Glibc.close(descriptor) }
    }
}

extension Result where Failure == any Error {
    /// Removes the progress line and then returns the value or throws.
    func clearing(_ bar: ProgressBar) throws -> Success {
        bar.clear()
        return try get()
    }
}
