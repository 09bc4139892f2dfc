import Foundation
import Testing

/// Runs every benchmark at its smallest size, so that none can rot.
@Suite("errata-bench")
struct BenchTests {
    @Test(
        "every command runs at its smoke size",
        arguments: [
            "answers", "ask", "audit", "chains", "commits", "versions", "search", "encode",
            "decode", "perplexity", "read",
            "train", "train-decoder", "proofs",
        ])
    func smoke(command: String) throws {
        let bench = Process()
        bench.executableURL = CommandLineTool.executable
            .deletingLastPathComponent().appending(path: "errata-bench")
        bench.arguments = [command, "--smoke"]
        let output = Pipe()
        bench.standardOutput = output
        try bench.run()
        let text = String(
            decoding: output.fileHandleForReading.readAll(), as: UTF8.self)
        bench.waitUntilExit()
        #expect(bench.terminationStatus == 0)
        #expect(!text.isEmpty)
    }
}
