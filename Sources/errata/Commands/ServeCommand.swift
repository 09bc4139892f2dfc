import ArgumentParser
import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataServer
import ErrataService
import Foundation
import Glibc
import Logging
import Synchronization

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon",
        discussion: """
            Opens the data directory, or makes it, and listens on a Unix socket that only you can \
            connect to, or a group too. Fetches the sentence encoder if it is missing; without it, \
            search goes by words only. Ctrl-C or SIGTERM finishes the requests in hand and stops.

              errata serve
              errata serve --data /srv/errata --socket /run/errata/errata.sock --group news
            """)

    @Option(
        help: ArgumentHelp(
            "Where the journal lives. (default: $ERRATA_DATA, else under $XDG_DATA_HOME)",
            valueName: "dir"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Where to listen. (default: $ERRATA_SOCKET, else under $XDG_RUNTIME_DIR)",
            valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("A group that may connect too.", valueName: "name|gid"))
    var group: String?

    @Option(
        help: ArgumentHelp(
            "The socket's mode: 600, 660 or 666. With 666 everybody may connect, and the policy "
                + "alone decides who may do what. (default: 600, or 660 with --group)",
            valueName: "mode"))
    var socketMode: SocketMode?

    @Flag(name: .customLong("no-models"), help: "Use no encoder and fetch none.")
    var isWithoutModels = false

    @Option(help: "How the reader computes: int8, float32, or none to answer by lookup.")
    var reader = ReaderChoice.int8

    @Option(
        help: ArgumentHelp(
            "A reader that 'errata align' made. (default: the one that comes with Errata)",
            valueName: "file"))
    var readerFile: String?

    @Option(help: "What answers if a question does not say: lookup, reader, lte or errata.")
    var answerer: AnswererChoice?

    @Option(
        help: ArgumentHelp(
            "The language model that answers if a question names none.", valueName: "name"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "The memory that language models may take, like 800M or 6G. (default: half of all)",
            valueName: "size"))
    var modelMemory: ByteSize?

    @Option(
        help: ArgumentHelp(
            "The longest that an answer may take, the wait for its turn included.",
            valueName: "seconds"))
    var answerTimeout = SecondsOption(seconds: 3_600)

    @Flag(help: "Write one line of JSON to standard output when clients can connect.")
    var json = false

    func run() async throws {
        let dataPath = Paths.data(option: data)
        let socketPath = Paths.socket(option: socket, data: data)
        try makeDirectories(above: dataPath)
        try makeDirectories(above: socketPath)
        var configuration = DaemonConfiguration(socketPath: socketPath)
        configuration.socketGroup = try group.map(ServeCommand.groupID)
        configuration.socketMode = socketMode?.bits
        configuration.timeouts.answer = .seconds(answerTimeout.seconds)
        let encoder = try await encoderDirectory()
        // From here on SIGINT and SIGTERM are the daemon's.
        signal(SIGINT, SIG_DFL)
        let bar = ProgressBar("Updating the store")
        let knowledge = try Result {
            try KnowledgeBase(knowledgeConfiguration(dataPath, encoder, bar))
        }.clearing(bar)
        if let failure = knowledge.readerFailure {
            // Who names a reader wants that one; the shipped one can be done without.
            guard readerFile == nil else {
                await knowledge.close()
                throw Failure(
                    "no reader: \(failure)",
                    hint:
                        "'errata align' makes reader files; without --reader-file the shipped one reads."
                )
            }
            Terminal.error.line(
                Style.yellow.on("Warning:", .error)
                    + " no reader, so the lookup answers: \(failure.printable)")
        }
        if socketMode == .everybody, knowledge.journal.policy.rules.isEmpty {
            Terminal.error.line(
                Style.yellow.on("Warning:", .error)
                    + " everybody may connect, and until the policy has a rule everybody may do "
                    + "everything ('errata policy grant')")
        }
        do { try knowledge.checkDefault() } catch {
            // Models can be added while the daemon runs, so it starts.
            Terminal.error.line(
                Style.yellow.on("Warning:", .error)
                    + " questions that name no model have no answer: \(error.message.printable)")
        }
        let banner = Banner(
            status: try knowledge.status(), socket: socketPath, hasEncoder: encoder != nil)
        do {
            let daemon = try Daemon(
                knowledge: knowledge, configuration: configuration, version: Version.text,
                startedAt: JournalOptions.systemClock(),
                environment: ProcessInfo.processInfo.environment, logger: ServeCommand.logger,
                onListening: { [json] in banner.show(json: json) })
            try await daemon.run()
        } catch {
            await knowledge.close()
            throw error
        }
        Terminal.error.line("Stopped.")
    }

    private func knowledgeConfiguration(
        _ data: String, _ encoder: String?, _ bar: ProgressBar
    ) -> KnowledgeBase.Configuration {
        var configuration = KnowledgeBase.Configuration(
            dataDirectory: data, encoderDirectory: encoder, readerPrecision: reader.precision,
            readerFile: readerFile.map(Paths.absolute),
            verifierProgram: VerifierProcess.thisProgram)
        configuration.answerer = answerer?.rawValue
        configuration.languageModel = model
        configuration.modelMemoryBytesMax = modelMemory?.byteCount
        let isTold = Atomic(false)
        configuration.journal.updateProgress = { step, done, count in
            if !isTold.exchange(true, ordering: .relaxed) {
                Terminal.error.line("Bringing the store up to date.")
            }
            bar.update(Int(done), of: Int(count), label: "Updating \(step.rawValue)")
        }
        return configuration
    }

    /// Logs go to standard error; `ERRATA_LOG` sets the level.
    private static var logger: Logger {
        var logger = Logger(label: "errata") { StreamLogHandler.standardError(label: $0) }
        let level = ProcessInfo.processInfo.environment["ERRATA_LOG"] ?? ""
        logger.logLevel = Logger.Level(rawValue: level) ?? .warning
        return logger
    }

    /// Returns where the encoder is, after fetching it if need be; nil says why on standard error.
    private func encoderDirectory() async throws -> String? {
        guard !isWithoutModels else { return nil }
        do {
            return try await EncoderModel.pull(EncoderModel.name).directory
        } catch let error as ExitCode {
            throw error
        } catch {
            let reason = Failure(describing: error)?.message ?? "\(error)"
            Terminal.error.line(
                Style.yellow.on("Warning:", .error)
                    + " no encoder, so search goes by words only: \(reason.printable)")
            return nil
        }
    }

    /// Makes the directories that hold `path`, for their owner alone.
    private func makeDirectories(above path: String) throws {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure("cannot make \(directory): \(error.localizedDescription)")
        }
    }

    private static func groupID(_ text: String) throws -> UInt32 {
        if let number = UInt32(text) { return number }
        guard let entry = getgrnam(text) else { throw Failure("no group is called '\(text)'") }
        return entry.pointee.gr_gid
    }
}

/// What `--socket-mode` takes.
enum SocketMode: String, CaseIterable, ExpressibleByArgument {
    case owner = "600"
    case group = "660"
    case everybody = "666"

    var bits: UInt32 {
        switch self {
        case .owner: 0o600
        case .group: 0o660
        case .everybody: 0o666
        }
    }
}

/// A number of bytes, as `--model-memory` takes it.
struct ByteSize: ExpressibleByArgument {
    let byteCount: Int

    /// Reads digits and one of K, M, G and T, powers of 1024.
    init?(argument: String) {
        let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
        let shift = argument.last.flatMap { units[Character($0.uppercased())] }
        let digits = shift == nil ? argument[...] : argument.dropLast()
        guard let number = Int(digits), number > 0, number <= Int.max >> (shift ?? 0) else {
            return nil
        }
        byteCount = number << (shift ?? 0)
    }
}

/// A time in whole seconds, of at most a day.
struct SecondsOption: ExpressibleByArgument {
    static let max = 86_400

    let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    init?(argument: String) {
        guard let seconds = Int(argument), (1...SecondsOption.max).contains(seconds) else {
            return nil
        }
        self.seconds = seconds
    }

    var defaultValueDescription: String { "\(seconds)" }
}

/// What `--answerer` takes.
enum AnswererChoice: String, CaseIterable, ExpressibleByArgument {
    case lookup
    case reader
    case lte
    case errata
}

/// What `--reader` takes.
enum ReaderChoice: String, CaseIterable, ExpressibleByArgument {
    case float32
    case int8
    case none

    var precision: Linear.Precision? {
        switch self {
        case .float32: .float32
        case .int8: .int8
        case .none: nil
        }
    }
}

/// What the daemon says when clients can connect.
private struct Banner: Sendable {
    let status: KnowledgeBaseStatus
    let socket: String
    let hasEncoder: Bool

    func show(json: Bool) {
        if json {
            let record = ["socket": socket, "data": status.dataDirectory]
            guard let line = try? JSONCoding.encode(record) else { return }
            Terminal.output.write(Array(line) + [UInt8(ascii: "\n")])
        }
        Terminal.error.line("Listening on \(Style.bold.on(socket, .error))")
        Terminal.error.line(
            "Data in \(status.dataDirectory): \(status.operationCount.counted("operation")), "
                + "\(status.factCount.counted("fact")) at main (\(status.head.short)), "
                + (hasEncoder ? "search by meaning and words" : "search by words only")
                + ", answers by \(status.answerer)")
    }
}
