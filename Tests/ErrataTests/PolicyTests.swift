import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation
import Glibc
import Testing

@Suite("a policy for several users")
struct PolicyTests {
    private static let editor: UInt32 = 1001
    private static let reader: UInt32 = 1002
    private static let stranger: UInt32 = 1003

    /// Whether other users can be made, and can reach the program; says why if not.
    private static func canBeOthers(_ directory: TemporaryDirectory) async throws -> Bool {
        guard getuid() == 0 else {
            print("Skipped: only root can connect as several users.")
            return false
        }
        chmod(directory.path, 0o711)
        let output = try await CommandLineTool.run(["--version"], uid: editor)
        guard output.status == 0 else {
            print("Skipped: other users cannot run the program: \(output.stderr)")
            return false
        }
        return true
    }

    /// Runs `body` with a daemon that everybody may connect to.
    private func run(
        _ body: (DaemonProcess, _ data: String) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        guard try await Self.canBeOthers(directory) else { return }
        let data = directory.file("data")
        let daemon = try await DaemonProcess(
            data: data, socket: directory.file("s"), options: ["--socket-mode", "666"])
        do { try await body(daemon, data) } catch {
            try await daemon.kill()
            throw error
        }
    }

    private func errata(
        _ daemon: DaemonProcess, _ arguments: [String], as uid: UInt32? = nil
    ) async throws -> CommandLineTool.Output {
        try await CommandLineTool.run(
            arguments, environment: daemon.environment, input: #"{"statement":"A fact"}"#, uid: uid)
    }

    /// Expects the command to be forbidden.
    private func expectForbidden(
        _ daemon: DaemonProcess, _ arguments: [String], as uid: UInt32
    ) async throws {
        let output = try await errata(daemon, arguments, as: uid)
        #expect(output.status == 1, "\(arguments)")
        #expect(output.stderr.contains("may not"), "\(arguments): \(output.stderr)")
    }

    @Test("editors write away from protected branches, readers read, strangers do nothing")
    func roles() async throws {
        try await run { daemon, data in
            func owner(_ arguments: String...) async throws {
                let output = try await errata(daemon, arguments)
                #expect(output.status == 0, "\(arguments): \(output.stderr)")
            }
            try await owner("commit", "-m", "first", "--set", "A|b|c")
            try await owner("branch", "draft")
            try await owner("policy", "protect", "main")
            try await owner("policy", "grant", "uid:\(Self.editor)", "editor")
            try await owner("policy", "grant", "uid:\(Self.reader)", "reader")

            let commit = ["commit", "-m", "x", "--set", "A|b|d"]
            try await expectForbidden(daemon, commit, as: Self.editor)
            let draft = try await errata(daemon, commit + ["-b", "draft"], as: Self.editor)
            #expect(draft.status == 0, "\(draft.stderr)")
            for forbidden in [
                ["import", "-"], ["merge", "draft"], ["rollback", "draft", "draft~1"], ["audit"],
                ["verify"],
                ["index", "rebuild"], ["policy", "grant", "uid:\(Self.editor)", "admin"],
            ] { try await expectForbidden(daemon, forbidden, as: Self.editor) }
            let undo = try await errata(daemon, ["undo"], as: Self.editor)
            #expect(undo.stdout.hasPrefix("Undid @"), "\(undo.stderr)")

            let facts = try await errata(daemon, ["facts"], as: Self.reader)
            #expect(facts.status == 0, "\(facts.stderr)")
            try await expectForbidden(daemon, commit + ["-b", "draft"], as: Self.reader)
            for forbidden in [["facts"], ["log"], ["status"], ["ask", "What is b?"], ["policy"]] {
                try await expectForbidden(daemon, forbidden, as: Self.stranger)
            }
            #expect(try await daemon.terminate() == 0)
            try await expectRefusals(in: data)
        }
    }

    /// Expects the refusals to be in the event log, by user and route.
    private func expectRefusals(in data: String) async throws {
        let base = try KnowledgeBase(.init(dataDirectory: data))
        let events = try base.journal.events(from: 0, limit: 1_000).filter { $0.kind == "refusal" }
        var routes: [UInt32: [String]] = [:]
        for event in events {
            let record = try AccessRecord(decoding: event.body)
            #expect(record.code == "forbidden")
            routes[event.actor.uid, default: []].append(record.route)
        }
        #expect(
            routes[Self.editor] == [
                "POST /v1/commits", "POST /v1/import", "POST /v1/merge", "POST /v1/rollback",
                "GET /v1/operations", "POST /v1/verify", "POST /v1/index/rebuild",
                "PUT /v1/policy",
            ])
        #expect(routes[Self.reader] == ["POST /v1/commits"])
        #expect(
            routes[Self.stranger] == [
                "GET /v1/facts", "GET /v1/commits", "GET /v1/status", "POST /v1/ask",
                "GET /v1/policy",
            ])
        await base.close()
    }

    @Test("the limits of a role hold for each of its users")
    func limits() async throws {
        try await run { daemon, _ in
            for arguments in [
                ["policy", "grant", "anyone", "editor"],
                ["policy", "limit", "editor", "--edits", "1", "--requests", "2"],
            ] {
                let output = try await errata(daemon, arguments)
                #expect(output.status == 0, "\(output.stderr)")
            }
            let two = ["commit", "-m", "x", "--set", "A|b|c", "--set", "C|d|e"]
            let many = try await errata(daemon, two, as: Self.editor)
            #expect(many.stderr.contains("your role allows 1 in a commit"), "\(many.stderr)")
            _ = try await errata(daemon, ["log"], as: Self.editor)
            let third = try await errata(daemon, ["log"], as: Self.editor)
            #expect(third.status == 1)
            #expect(third.stderr.contains("too many requests"), "\(third.stderr)")
            let other = try await errata(daemon, ["log"], as: Self.reader)
            #expect(other.status == 0, "\(other.stderr)")
            try await daemon.terminate()
        }
    }
}
