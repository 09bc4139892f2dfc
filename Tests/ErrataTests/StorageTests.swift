import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import LMDB
import Synchronization
import Testing

@Suite("The files of a store")
struct StorageTests {
    private static let committerCount = 8

    /// What the committers did, and whether they are to end.
    private final class Load: Sendable {
        let isDone = Atomic(false)
        let acknowledged = Mutex<[CommitID]>([])
    }

    @Test("are copied while eight clients commit, with every commit acknowledged before")
    func backupUnderLoad() async throws {
        let directory = try TemporaryDirectory()
        let (data, socket) = (directory.file("data"), directory.file("s"))
        let daemon = try await DaemonProcess(data: data, socket: socket)
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for committer in 0..<Self.committerCount {
                group.addTask {
                    try await offPool {
                        let client = Client(socketPath: socket)
                        var number = 0
                        while !load.isDone.load(ordering: .relaxed) {
                            let key = "c\(committer).\(number)"
                            let fact = FactBody(FactDraft(key: key, statement: "fact \(key)"))
                            let reply = try client.post(
                                "/v1/commits",
                                CommitRequest(message: key, edits: [.assert(fact)]),
                                as: CommitReply.self)
                            load.acknowledged.withLock { $0.append(reply.commit) }
                            number += 1
                        }
                    }
                }
            }
            defer { load.isDone.store(true, ordering: .relaxed) }
            for round in 0..<3 {
                while load.acknowledged.withLock({ $0.count }) < 50 * (round + 1) {
                    try await Task.sleep(for: .milliseconds(5))
                }
                let before = load.acknowledged.withLock { $0 }
                let copy = directory.file("copy\(round)")
                let output = try await CommandLineTool.run(
                    ["backup", copy, "--json"], environment: daemon.environment)
                #expect(output.status == 0, "\(output.stderr)")
                let reply = try JSONDecoder().decode(
                    BackupReply.self, from: Data(output.stdout.utf8))
                #expect(reply.isVerified)
                try await expect(before, in: copy, directory)
            }
        }
        #expect(try await daemon.terminate() == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!names.contains { $0.contains("draft") }, "\(names)")
    }

    /// Serves the copy, which must hold these commits and verify.
    private func expect(
        _ commits: [CommitID], in copy: String, _ directory: TemporaryDirectory
    ) async throws {
        let verified = try await CommandLineTool.run(["verify", "--data", copy])
        #expect(verified.status == 0, "\(verified.stdout)\(verified.stderr)")
        let daemon = try await DaemonProcess(data: copy, socket: directory.file("t"))
        let missing = try await offPool {
            let client = Client(socketPath: daemon.socket)
            var there: Set<CommitID> = []
            var cursor: String?
            repeat {
                let page = try client.get(
                    "/v1/commits", [("limit", "1000"), ("cursor", cursor)], as: LogReply.self)
                there.formUnion(page.commits.map(\.commit))
                cursor = page.next
            } while cursor != nil
            return commits.count { !there.contains($0) }
        }
        #expect(missing == 0, "\(missing) of \(commits.count) are not in the copy")
        #expect(try await daemon.terminate() == 0)
    }

    @Test("come back from a backup, and a damaged backup is refused")
    func restore() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess(
            data: directory.file("data"), socket: directory.file("s"))
        let (copy, restored) = (directory.file("copy"), directory.file("restored"))
        func run(_ arguments: [String]) async throws -> CommandLineTool.Output {
            try await CommandLineTool.run(arguments, environment: daemon.environment)
        }
        #expect(try await run(["commit", "-m", "a", "--set", "Twitter|CEO|Linda"]).status == 0)
        let added = try await run(["models", "add", "far", "unix:/nowhere/far.sock"])
        #expect(added.status == 0, "\(added.stderr)")
        #expect(try await run(["backup", copy]).status == 0)
        let again = try await run(["backup", copy])
        #expect(again.status == 1)
        #expect(again.stderr.contains("is there and not an empty directory"))
        let root = try await run(["verify"]).stdout.split(separator: "\n").last
        #expect(try await run(["commit", "-m", "b", "--set", "Twitter|CEO|Later"]).status == 0)
        let busy = try await run(["restore", directory.file("data"), restored])
        #expect(busy.status == 1)
        #expect(busy.stderr.contains("is open in process"), "\(busy.stderr)")

        let done = try await run(["restore", copy, restored])
        #expect(done.status == 0, "\(done.stderr)")
        #expect(root.map { done.stdout.contains($0.dropFirst(12)) } == true, "\(done.stdout)")
        let other = try await DaemonProcess(data: restored, socket: directory.file("t"))
        let facts = try await CommandLineTool.run(["facts"], environment: other.environment)
        #expect(facts.stdout.contains("Linda"))
        #expect(!facts.stdout.contains("Later"))
        // The language models are known there too, and the list is nobody else's to read.
        let models = try await CommandLineTool.run(
            ["models", "list"], environment: other.environment)
        #expect(models.stdout.contains("far"), "\(models.stdout)")
        for store in [copy, restored] {
            let file = try FileManager.default.attributesOfItem(atPath: store + "/models.json")
            #expect(file[.posixPermissions] as? Int == 0o600)
        }
        // Both stores go on, each under keys of its own.
        let commit = try await CommandLineTool.run(
            ["commit", "-m", "c", "--set", "Twitter|CEO|Other"], environment: other.environment)
        #expect(commit.status == 0)
        #expect(try await other.terminate() == 0)
        #expect(try await daemon.terminate() == 0)

        let file = URL(filePath: copy + "/keys")
        var keys = try Data(contentsOf: file)
        keys[64] ^= 1
        try keys.write(to: file)
        let refused = try await run(["restore", copy, directory.file("again")])
        #expect(refused.status == 1)
        #expect(refused.stdout.contains("does not open"), "\(refused.stdout)")
        #expect(!FileManager.default.fileExists(atPath: directory.file("again")))
    }

    @Test("shrink by what was told before, and say the same afterwards")
    func compact() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let daemon = try await DaemonProcess(data: data, socket: directory.file("s"))
        for i in 0..<30 {
            let output = try await CommandLineTool.run(
                ["commit", "-m", "\(i)", "--set", "City \(i % 5)|mayor|Person \(i)"],
                environment: daemon.environment)
            #expect(output.status == 0)
        }
        let usage = try await CommandLineTool.run(
            ["du", "--json"], environment: daemon.environment)
        let reply = try JSONDecoder().decode(UsageReply.self, from: Data(usage.stdout.utf8))
        let names = Set(reply.parts.map(\.name))
        #expect(
            names.isSuperset(of: ["journal/operations", "keys", "index/rows", "journal/nodes"]))
        #expect(reply.parts.first { $0.name == "journal/operations" }?.rows == 32)
        #expect(reply.bytes == reply.parts.reduce(0) { $0 + $1.bytes })
        let root = try await CommandLineTool.run(["verify"], environment: daemon.environment)
        let busy = try await CommandLineTool.run(["compact", "--data", data])
        #expect(busy.status == 1)
        #expect(busy.stderr.contains("is open in process"))
        let plan = try await CommandLineTool.run(["compact", "--data", data, "--dry-run"])
        #expect(plan.stdout.hasPrefix("Would shrink journal and events from "), "\(plan.stderr)")
        #expect(try await daemon.terminate() == 0)

        let before = try size(data)
        let output = try await CommandLineTool.run(["compact", "--data", data])
        #expect(output.status == 0, "\(output.stderr)")
        #expect(try size(data) < before)
        let after = try await CommandLineTool.run(["verify", "--data", data])
        #expect(after.stdout == root.stdout)
        let served = try await DaemonProcess(data: data, socket: directory.file("s"))
        let commit = try await CommandLineTool.run(
            ["commit", "-m", "x", "--set", "City 1|mayor|X"], environment: served.environment)
        #expect(commit.status == 0)
        #expect(
            try await CommandLineTool.run(["verify"], environment: served.environment).status == 0)
        #expect(try await served.terminate() == 0)
    }

    private func size(_ data: String) throws -> Int {
        try Data(contentsOf: URL(filePath: data + "/journal/data.mdb")).count
    }

    @Test("are copied while facts are redacted without a pause")
    func backupBesideRedactions() async throws {
        let directory = try TemporaryDirectory()
        let socket = directory.file("s")
        let daemon = try await DaemonProcess(data: directory.file("data"), socket: socket)
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await offPool {
                    let client = Client(socketPath: socket)
                    for i in 0... {
                        if load.isDone.load(ordering: .relaxed) { return }
                        let fact = FactBody(FactDraft(key: "k\(i)", statement: "fact \(i)"))
                        _ = try client.post(
                            "/v1/commits", CommitRequest(message: "x", edits: [.assert(fact)]),
                            as: CommitReply.self)
                        _ = try client.post(
                            "/v1/redact", RedactRequest(fact: "k\(i)", reason: "asked for"),
                            as: RedactReply.self)
                    }
                }
            }
            defer { load.isDone.store(true, ordering: .relaxed) }
            for round in 0..<2 {
                let output = try await CommandLineTool.run(
                    ["backup", directory.file("copy\(round)")], environment: daemon.environment)
                #expect(output.status == 0, "\(output.stderr)")
            }
        }
        #expect(try await daemon.terminate() == 0)
    }

    @Test("that follow from the operations are found damaged and made anew by fsck")
    func fsckTables() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let daemon = try await DaemonProcess(data: data, socket: directory.file("s"))
        for name in ["Linda", "Elon"] {
            _ = try await CommandLineTool.run(
                ["commit", "-m", name, "--set", "Twitter|CEO|\(name)"],
                environment: daemon.environment)
        }
        let log = try await CommandLineTool.run(["log"], environment: daemon.environment)
        #expect(log.stdout.contains("Linda"))
        let audit = ["audit", "--sql", "SELECT sequence, message FROM operations"]
        let rows = try await CommandLineTool.run(audit, environment: daemon.environment)
        #expect(try await daemon.terminate() == 0)

        let journal = try Environment(at: data + "/journal")
        let tables = try journal.tables(named: ["history", "commits"])
        try journal.write { transaction in
            for table in tables {
                let key = try transaction.reader.withCursor(over: table) { try $0.last()?.key }
                try transaction.delete(try #require(key), in: table)
            }
        }
        journal.close()
        let file = URL(filePath: data + "/audit/audit.sqlite")
        let database = try Data(contentsOf: file)
        let place = try #require(database.range(of: Data("Linda".utf8)))
        try database.replacing(place, with: "Lindo").write(to: file)

        let found = try await CommandLineTool.run(["fsck", "--data", data])
        #expect(found.status == 1)
        for line in ["tables  commits", "audit   audit/audit.sqlite"] {
            #expect(found.stdout.contains(line), "\(found.stdout)")
        }
        #expect(found.stderr.contains("makes them anew"), "\(found.stderr)")
        let repaired = try await CommandLineTool.run(["fsck", "--data", data, "--repair"])
        #expect(repaired.status == 0, "\(repaired)")
        #expect(try await CommandLineTool.run(["fsck", "--data", data]).status == 0)
        let served = try await DaemonProcess(data: data, socket: directory.file("s"))
        #expect(
            try await CommandLineTool.run(["log"], environment: served.environment).stdout
                == log.stdout)
        #expect(
            try await CommandLineTool.run(audit, environment: served.environment).stdout
                == rows.stdout)
        #expect(
            try await CommandLineTool.run(["verify"], environment: served.environment).status == 0)
        #expect(try await served.terminate() == 0)
    }

    @Test("of an earlier program is not called damaged, and serving it brings it up to date")
    func outdatedStore() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("old")
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let tar = Process()
        tar.executableURL = URL(filePath: "/usr/bin/tar")
        let archive = TidyTests.root.appending(path: "Fixtures/stores/1-layout-2.tar.gz")
        tar.arguments = ["-xzf", archive.path, "-C", data]
        try tar.run()
        tar.waitUntilExit()
        for arguments in [
            ["verify", "--data", data], ["fsck", "--data", data, "--repair"],
            ["compact", "--data", data], ["restore", data, directory.file("new")],
        ] {
            let refused = try await CommandLineTool.run(arguments)
            #expect(refused.status == 1, "\(arguments)")
            #expect(refused.stderr.contains("is the store of an earlier program"))
            #expect(refused.stderr.contains("brings it up to date"), "\(refused.stderr)")
        }
        let daemon = try await DaemonProcess(data: data, socket: directory.file("s"))
        #expect(try await daemon.terminate() == 0)
        #expect(try await CommandLineTool.run(["fsck", "--data", data]).status == 0)
    }

    @Test("are told apart by fsck, which has the index made anew")
    func fsck() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let daemon = try await DaemonProcess(data: data, socket: directory.file("s"))
        _ = try await CommandLineTool.run(
            ["commit", "-m", "a", "--set", "Twitter|CEO|Linda"], environment: daemon.environment)
        let ask = ["ask", "The CEO of Twitter is", "--json"]
        let answer = try await CommandLineTool.run(ask, environment: daemon.environment)
        #expect(answer.stdout.contains("Linda"))
        #expect(try await daemon.terminate() == 0)
        let clean = try await CommandLineTool.run(["fsck", "--data", data])
        #expect(clean.stdout == "Clean: 3 operations\n", "\(clean)")

        let file = URL(filePath: data + "/index/1/index.sqlite")
        var bytes = try Data(contentsOf: file)
        for page in stride(from: 4_096, to: bytes.count, by: 4_096) { bytes[page] = 0x5a }
        try bytes.write(to: file)
        let found = try await CommandLineTool.run(["fsck", "--data", data])
        #expect(found.status == 1)
        #expect(found.stdout.hasPrefix("index   index/1/"), "\(found)")
        let repaired = try await CommandLineTool.run(["fsck", "--data", data, "--repair"])
        #expect(repaired.status == 0, "\(repaired)")
        #expect(try await CommandLineTool.run(["fsck", "--data", data]).status == 0)
        let served = try await DaemonProcess(data: data, socket: directory.file("s"))
        let again = try await CommandLineTool.run(ask, environment: served.environment)
        #expect(again.stdout.contains("Linda"))
        #expect(try await served.terminate() == 0)
    }
}

extension Data {
    fileprivate func replacing(_ range: Range<Data.Index>, with text: String) -> Data {
        var copy = self
        copy.replaceSubrange(range, with: Data(text.utf8))
        return copy
    }
}
