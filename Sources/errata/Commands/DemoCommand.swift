import ArgumentParser
import ErrataAPI
import ErrataClient
import Foundation
import Glibc
import Synchronization

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show what Errata does, on a throw-away store",
        discussion: """
            Starts a daemon on a temporary directory and runs the commands that it prints: commit, ask, \
            correct, ask again, ask at the old version, in other words, the other way round, and what takes \
            two facts to answer, diff, blame, revert. Fetches the sentence encoder if it is missing; \
            without it, search goes by words only. Nothing of it stays.
            """)

    @Flag(help: "Write what the commands answer as JSON.")
    var json = false

    func run() async throws {
        let hasEncoder = try await encoderIsThere()
        let directory = try DemoDirectory()
        defer { directory.remove() }
        DemoInterrupt.install()
        let daemon = try await DemoDaemon(in: directory, encoder: hasEncoder)
        defer { daemon.stop() }
        DemoExit.cleanUp(daemon: daemon.processID, directory: directory.path)
        let facts = directory.path + "/facts.jsonl"
        try Data(PackageResources.facts_jsonl).write(to: URL(filePath: facts))
        for step in DemoStep.all(facts: facts, hasReader: hasEncoder) {
            try DemoInterrupt.check()
            if !json { Terminal.output.line("\n" + Style.dim.on("# " + step.comment)) }
            try step.run(socket: daemon.socket, json: json)
        }
        try DemoInterrupt.check()
        if !json { Terminal.output.line("\n" + DemoStep.farewell) }
    }

    /// Returns true once the encoder is installed; says on standard error why it is not.
    private func encoderIsThere() async throws -> Bool {
        do {
            if try EncoderModel.installed() == nil {
                _ = try await EncoderModel.pull(EncoderModel.name)
            }
            return true
        } catch let error as ExitCode {
            throw error
        } catch {
            let reason = Failure(describing: error)?.message ?? "\(error)"
            Terminal.error.line(
                "Warning: no encoder, so search goes by words only: \(reason.printable)")
            return false
        }
    }
}

/// One command of the demo and why it is run.
private struct DemoStep {
    let comment: String
    let arguments: [String]

    private static let question = "Who is the CEO of Twitter?"

    static func all(facts: String, hasReader: Bool) -> [DemoStep] {
        corrections(facts: facts) + (hasReader ? readings : []) + looks
    }

    private static func corrections(facts: String) -> [DemoStep] {
        [
            DemoStep(
                comment: "Commit what was true in August 2022.",
                arguments: ["import", facts, "-m", "The world in August 2022"]),
            DemoStep(comment: "Ask.", arguments: ["ask", question]),
            DemoStep(
                comment: "The world moves on: commit a correction.",
                arguments: [
                    "commit", "-m", "New CEO", "--author", "Ada",
                    "--set", "Twitter|CEO|Linda Yaccarino",
                ]),
            DemoStep(comment: "Ask again: the correction counts.", arguments: ["ask", question]),
            DemoStep(
                comment: "Ask at the version before: the past does not change.",
                arguments: ["ask", question, "--at", "main~1"]),
            DemoStep(
                comment: "A question that no fact answers gets no made-up answer.",
                arguments: ["ask", "Who painted the ceiling of the Sistine Chapel?"]),
        ]
    }

    /// What takes more than the words of one fact to answer.
    private static let readings = [
        DemoStep(
            comment: "Nor does one about something else of the same thing.",
            arguments: ["ask", "How many people live in Kazakhstan?"]),
        DemoStep(
            comment: "Ask in other words.",
            arguments: ["ask", "Who is in charge at Twitter?"]),
        DemoStep(
            comment: "Ask the other way round.",
            arguments: ["ask", "Nur-Sultan is the capital of which country?"]),
        DemoStep(
            comment: "Ask what it takes two facts to answer.",
            arguments: ["ask", "Where was the author of Hamlet born?"]),
    ]

    private static var looks: [DemoStep] {
        [
            DemoStep(comment: "What changed?", arguments: ["diff", "main~1", "main"]),
            DemoStep(
                comment: "Who is behind the value that is believed now?",
                arguments: ["blame", "Twitter|CEO"]),
            DemoStep(
                comment: "Take it back: a new commit that undoes the old one.",
                arguments: ["revert", "main"]),
            DemoStep(comment: "And ask once more.", arguments: ["ask", question]),
            DemoStep(comment: "Nothing was lost on the way.", arguments: ["log"]),
            DemoStep(comment: "Prove that the store is intact.", arguments: ["verify"]),
        ]
    }

    static let farewell = """
        That was it: 'errata serve' starts a store that stays, 'errata --help' shows the rest.
        """

    /// Prints the command and runs it as a user would; throws if it fails.
    func run(socket: String, json: Bool) throws {
        if !json {
            let words = arguments.map { $0.allSatisfy(isPlain) ? shortened($0) : "'\($0)'" }
            Terminal.output.line(Style.bold.on("$ errata " + words.joined(separator: " ")))
        }
        let child = Process()
        child.executableURL = DemoDaemon.program
        child.arguments = arguments + ["--socket", socket] + (json ? ["--json"] : [])
        try child.run()
        child.waitUntilExit()
        guard child.terminationStatus == 0 else {
            throw Failure("the demo stops: 'errata \(arguments[0])' failed")
        }
    }

    private func isPlain(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "-_./~".contains(character)
    }

    /// A path is shown by its last part.
    private func shortened(_ argument: String) -> String {
        argument.hasPrefix("/") ? String(argument.split(separator: "/").last ?? "") : argument
    }
}

/// The directory of the demo.
private struct DemoDirectory {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/errata-demo-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure("cannot make a temporary directory in \(NSTemporaryDirectory())")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// The daemon behind the demo, a process of its own as always.
private struct DemoDaemon {
    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    private static let startSecondsMax = 30

    let socket: String
    private let process = Process()

    var processID: pid_t { process.processIdentifier }

    init(in directory: DemoDirectory, encoder: Bool) async throws {
        socket = directory.path + "/errata.sock"
        let log = directory.path + "/log"
        try Data().write(to: URL(filePath: log))
        process.executableURL = DemoDaemon.program
        process.arguments =
            ["serve", "--data", directory.path + "/data", "--socket", socket]
            + (encoder ? [] : ["--no-models"])
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        let client = Client(socketPath: socket)
        for _ in 0..<DemoDaemon.startSecondsMax * 20 {
            if (try? client.get("/healthz", as: HealthReply.self)) != nil { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        stop()
        let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw Failure(
            "the daemon did not start: \(said.trimmingCharacters(in: .whitespacesAndNewlines))")
    }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }
}

/// Cleans up where the process ends by `exit`, as it does when nobody reads its output any more.
private enum DemoExit {
    private struct Rest {
        let daemon: pid_t
        let directory: String
    }

    private static let rest = Mutex<Rest?>(nil)

    static func cleanUp(daemon: pid_t, directory: String) {
        rest.withLock { $0 = Rest(daemon: daemon, directory: directory) }
        atexit {
            guard let rest = DemoExit.rest.withLock({ $0 }),
                FileManager.default.fileExists(atPath: rest.directory)
            else { return }
            kill(rest.daemon, SIGTERM)
            // A daemon that still writes would fill the directory behind the one who empties it.
            while waitpid(rest.daemon, nil, 0) < 0, errno == EINTR {}
            try? FileManager.default.removeItem(atPath: rest.directory)
        }
    }
}

/// Ctrl-C ends the demo after the command in hand, so that the daemon stops and the directory goes.
private enum DemoInterrupt {
    private static let isInterrupted = Atomic(false)

    static func install() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in DemoInterrupt.isInterrupted.store(true, ordering: .relaxed) }
        }
        signal(SIGPIPE, SIG_IGN)
    }

    static func check() throws {
        guard !isInterrupted.load(ordering: .relaxed) else { throw Failure("interrupted") }
    }
}
