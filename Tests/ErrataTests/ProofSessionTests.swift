import ErrataTesting
import Foundation
import Testing

/// An auditor's day: save checkpoints, compare them later, hand a proof to somebody else.
@Suite("proofs on the command line")
struct ProofSessionTests {
    private struct Shop {
        let directory: TemporaryDirectory
        let daemon: DaemonProcess

        func file(_ name: String) -> String { directory.file(name) }

        func run(_ arguments: String...) async throws -> CommandLineTool.Output {
            try await CommandLineTool.run(arguments, environment: daemon.environment)
        }

        func commit(_ object: String) async throws {
            let output = try await run("commit", "-m", "set \(object)", "--set", "A|is|\(object)")
            #expect(output.status == 0)
        }

        /// Appends what a command prints to a file.
        func save(_ name: String, _ arguments: String...) async throws {
            let output = try await CommandLineTool.run(
                arguments, environment: daemon.environment)
            #expect(output.status == 0)
            let old = (try? String(contentsOfFile: file(name), encoding: .utf8)) ?? ""
            try (old + output.stdout).write(toFile: file(name), atomically: true, encoding: .utf8)
        }
    }

    private func withShop(_ body: (Shop) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess(
            data: directory.file("data"), socket: directory.file("s"))
        let shop = Shop(directory: directory, daemon: daemon)
        do { try await body(shop) } catch {
            try await daemon.kill()
            throw error
        }
        try await daemon.terminate()
    }

    @Test("saved checkpoints are found to be the past of the journal")
    func audit() async throws {
        try await withShop { shop in
            try await shop.save("key", "checkpoint", "--print-key")
            try await shop.commit("1")
            try await shop.save("saved", "checkpoint")
            try await shop.commit("2")
            try await shop.save("saved", "checkpoint")
            try await shop.commit("3")
            let output = try await shop.run(
                "proof", "--since", shop.file("saved"), "--key", shop.file("key"))
            #expect(output.status == 0)
            #expect(
                output.stdout == """
                    The journal of 5 operations extends the one of 3 (\(shop.file("saved")))
                    The journal of 5 operations extends the one of 4 (\(shop.file("saved")))

                    """)
            #expect(output.stderr.hasPrefix("Checked here: the signatures by errata/"))
            #expect(!output.stderr.contains("Hint:"))
            let trusting = try await shop.run("proof", "--since", shop.file("saved"), "--json")
            #expect(trusting.status == 0)
            let report = try JSONSerialization.jsonObject(with: Data(trusting.stdout.utf8))
            #expect((report as? [String: Any])?["isVerified"] as? Bool == true)
        }
    }

    @Test("a rewritten journal, another store, another key and a changed file are told")
    func rewritten() async throws {
        try await withShop { shop in
            try await shop.save("key", "checkpoint", "--print-key")
            for i in 0..<4 { try await shop.commit("\(i)") }
            try await shop.save("saved", "checkpoint")
            let saved = try String(contentsOfFile: shop.file("saved"), encoding: .utf8)
            let changed = saved.replacing("\n6\n", with: "\n5\n")
            #expect(changed != saved)
            try changed.write(toFile: shop.file("changed"), atomically: true, encoding: .utf8)
            let forged = try await shop.run(
                "proof", "--since", shop.file("changed"), shop.file("saved"))
            #expect(forged.status == 1)
            #expect(
                forged.stdout.hasPrefix(
                    "Not verified: \(shop.file("changed")): the signature by errata/"))
            #expect(forged.stdout.contains("The journal of 6 operations is the one ("))
            #expect(forged.stderr.contains("Error: 1 of 2 checkpoints not verified"))

            try await withShop { other in
                for i in 0..<9 { try await other.commit("other \(i)") }
                let output = try await other.run("proof", "--since", shop.file("saved"))
                #expect(output.status == 1)
                #expect(output.stdout.contains("it is signed by errata/"))
                let strict = try await other.run(
                    "proof", "--since", shop.file("saved"), "--key", shop.file("key"))
                #expect(strict.status == 1)
                #expect(strict.stderr.contains("Error: the daemon's checkpoint does not verify"))
            }
        }
    }

    @Test("a data directory that was put back to an earlier state is found out")
    func restored() async throws {
        let directory = try TemporaryDirectory()
        let (data, old) = (directory.file("data"), directory.file("old"))
        let first = Shop(
            directory: directory,
            daemon: try await DaemonProcess(data: data, socket: directory.file("s")))
        try await first.commit("1")
        try await first.save("key", "checkpoint", "--print-key")
        try await first.daemon.terminate()
        try FileManager.default.copyItem(atPath: data, toPath: old)
        let second = Shop(
            directory: directory,
            daemon: try await DaemonProcess(data: data, socket: directory.file("s")))
        for i in 0..<3 { try await second.commit("true \(i)") }
        try await second.save("saved", "checkpoint")
        try await second.daemon.terminate()
        let third = Shop(
            directory: directory,
            daemon: try await DaemonProcess(data: old, socket: directory.file("s")))
        let arguments = [
            "proof", "--since", directory.file("saved"), "--key", directory.file("key"),
        ]
        let shorter = try await CommandLineTool.run(
            arguments, environment: third.daemon.environment)
        #expect(shorter.status == 1)
        #expect(shorter.stdout.contains("operations: the journal has 3 operations, 6 were signed"))
        for i in 0..<6 { try await third.commit("false \(i)") }
        let longer = try await CommandLineTool.run(
            arguments, environment: third.daemon.environment)
        #expect(longer.status == 1)
        #expect(
            longer.stdout.contains("its operations are not the first 6 of the journal"))
        #expect(
            longer.stderr.contains(
                "Error: the journal is not the one that was signed: its past was rewritten\n"))
        try await third.daemon.terminate()
    }

    @Test("a new key is told, and both keys can be believed")
    func newKey() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let first = Shop(
            directory: directory,
            daemon: try await DaemonProcess(data: data, socket: directory.file("s")))
        try await first.save("saved", "checkpoint")
        try await first.save("keys", "checkpoint", "--print-key")
        try await first.daemon.terminate()
        try FileManager.default.removeItem(atPath: data + "/signing-key")
        let second = Shop(
            directory: directory,
            daemon: try await DaemonProcess(data: data, socket: directory.file("s")))
        let refused = try await second.run("proof", "--since", directory.file("saved"))
        #expect(refused.status == 1)
        #expect(refused.stdout.contains("it is signed by errata/"))
        try await second.save("keys", "checkpoint", "--print-key")
        let output = try await second.run(
            "proof", "--since", directory.file("saved"), "--key", directory.file("keys"))
        #expect(output.status == 0, "\(output.stderr)")
        try await second.daemon.terminate()
    }

    @Test("a commit is proved, saved, and checked without a daemon")
    func records() async throws {
        try await withShop { shop in
            try await shop.save("key", "checkpoint", "--print-key")
            for i in 0..<5 { try await shop.commit("\(i)") }
            let output = try await shop.run("proof", "main~1", "--out", shop.file("proof"))
            #expect(output.status == 0)
            #expect(output.stdout.contains(" is operation 5 in the journal of 7 operations\n"))
            #expect(output.stdout.contains("\n  message set 3\n"))
            #expect(output.stderr.contains("Hint: The daemon itself said that this is its key."))
            let operation = try await shop.run(
                "proof", "@0", "--size", "1", "--key", shop.file("key"))
            #expect(operation.stdout.contains(" is operation 0 in the journal of 1 operation\n"))
            let again = try await shop.run("proof", "main", "--out", shop.file("proof"))
            #expect(again.status == 1)
            #expect(again.stderr.contains("File exists"))

            let check = ["proof", "--check", shop.file("proof"), "--key", shop.file("key")]
            let alone = try await CommandLineTool.run(check)
            #expect(alone.status == 0)
            #expect(alone.stdout == output.stdout)
            let text = try String(contentsOfFile: shop.file("proof"), encoding: .utf8)
            let changed = text.replacing("index 5", with: "index 4")
            try changed.write(toFile: shop.file("proof"), atomically: true, encoding: .utf8)
            let refused = try await CommandLineTool.run(check)
            #expect(refused.status == 1)
            #expect(
                refused.stderr
                    == "Error: the proof does not verify: record 4 is not proved to be among the 7 "
                    + "of the checkpoint\n")
        }
    }
}
