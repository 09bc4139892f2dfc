import ArgumentParser
import ErrataClient
import Glibc

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the facts of a version as JSON lines",
        discussion: """
            The lines are what 'errata import' reads.

              errata export > facts.jsonl
              errata export --at v1.2 -o v1.2.jsonl
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write to this file; it appears when it is whole.", valueName: "path"))
    var output: String?

    func run() throws {
        let request = Request(method: "GET", path: "/v1/export", query: [("at", revision.at)])
        guard let output else {
            return try daemon.client.lines(of: request) { line in
                Terminal.output.write(Array(line) + [UInt8(ascii: "\n")])
            }
        }
        let partial = output + ".part"
        try Interrupt.removing(partial) {
            do {
                let count = try write(request, to: partial)
                guard rename(partial, output) == 0 else { throw fileError(output) }
                Terminal.error.line("Wrote \(count.counted("fact")) to \(output)")
            } catch {
                unlink(partial)
                throw error
            }
        }
    }

    private func write(_ request: Request, to path: String) throws -> Int {
        guard let file = fopen(path, "wxe") else { throw fileError(path) }
        let bar = ProgressBar("Exporting")
        var count = 0
        defer { bar.clear() }
        do {
            try daemon.client.lines(of: request) { line in
                let bytes = Array(line) + [UInt8(ascii: "\n")]
                guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
                    throw fileError(path)
                }
                count += 1
                bar.update(count, of: nil)
            }
        } catch {
            fclose(file)
            throw error
        }
        guard fclose(file) == 0 else { throw fileError(path) }
        return count
    }

    private func fileError(_ path: String) -> Failure {
        Failure("cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
