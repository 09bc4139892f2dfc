import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Glibc
import Testing

/// A Python that has `transformers[serving]`: $ERRATA_TRANSFORMERS_PYTHON.
private let python: String? = {
    let path = ProcessInfo.processInfo.environment["ERRATA_TRANSFORMERS_PYTHON"] ?? ""
    guard path.isEmpty else { return path }
    print(
        """
        SKIPPED: the suite "A language model behind transformers serve" needs a Python with it: \
        pip install 'transformers[serving]' torch, and ERRATA_TRANSFORMERS_PYTHON=…/python
        """)
    return nil
}()

@Suite(
    "A language model behind transformers serve",
    .enabled(if: python != nil, "set ERRATA_TRANSFORMERS_PYTHON to a Python that has it"))
struct TransformersServeTests {
    private static let template =
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }} {% endfor %}"
        + "{% if add_generation_prompt %}[assistant]{% endif %}"

    @Test("says what the same checkpoint says in the daemon, streams, and is let go")
    func sameText() async throws {
        let directory = try TemporaryDirectory()
        let tiny = try TinyModel(in: directory, chatTemplate: Self.template)
        let port = 20_000 + Int(getpid()) % 20_000
        let server = try Self.start(tiny, port: port)
        defer {
            // It is told to end in a way that no signal mask, inherited from this process, holds up.
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        try await Self.waitForHealth(port)
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try client.commit(Knowledge.capital, Knowledge.chief)
                _ = try client.add(LanguageModelBody(name: "tiny", directory: tiny.directory))
                _ = try client.add(
                    LanguageModelBody(
                        name: "far", url: "http://127.0.0.1:\(port)", serverModel: tiny.directory))
                for (question, answerer) in [
                    (Knowledge.about, "errata"), (Knowledge.about, "lte"),
                    (Knowledge.unrelated, "errata"),
                ] {
                    var request = AskRequest.tiny(question, answerer)
                    let here = try client.ask(request)
                    request.model = "far"
                    let there = try client.ask(request)
                    #expect(here.answer?.isEmpty == false)
                    #expect(there.answer == here.answer)
                    #expect(there.facts == here.facts)
                    #expect(
                        there.record.generation?.promptHash == here.record.generation?.promptHash)
                    #expect(there.record.generation?.end == "max_tokens")
                }
                let wrong = #expect(throws: Problem.self) {
                    _ = try client.add(
                        LanguageModelBody(
                            name: "wrong", url: "http://127.0.0.1:\(port)/v2",
                            serverModel: tiny.directory))
                    return try client.ask(
                        AskRequest(question: Knowledge.about, model: "wrong"))
                }
                #expect(wrong?.code == "model_refused")
            }
        }
    }

    private static func start(_ tiny: TinyModel, port: Int) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: try #require(python))
        process.arguments = [
            "-m", "transformers.cli.transformers", "serve", "--host", "127.0.0.1", "--port",
            String(port), "--device", "cpu", "--dtype", "float32", tiny.directory,
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["HF_HUB_OFFLINE": "1"]) { _, new in new }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func waitForHealth(_ port: Int) async throws {
        for _ in 0..<600 {
            if canConnect(port) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("transformers serve does not listen after a minute")
    }

    private static func canConnect(_ port: Int) -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }
}
