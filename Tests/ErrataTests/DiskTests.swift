import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataTesting
import Foundation
import Glibc
import Testing

@Suite("trouble with the disk")
struct DiskTests {
    /// Whether this process may mount a small file system; where it may not, the suite is skipped.
    private static let canMount: Bool = {
        guard let directory = try? TemporaryDirectory(),
            (try? mount(at: directory.path, kilobytes: 1_024)) == true
        else { return false }
        return (try? unmount(directory.path)) == true
    }()

    @Test(
        "a full disk refuses commits with storage_full, loses nothing and keeps answering",
        .enabled(if: canMount, "mounting a tmpfs is not allowed here"))
    func fullDisk() async throws {
        let directory = try TemporaryDirectory()
        let disk = directory.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        try #require(try Self.mount(at: disk, kilobytes: 6_144))
        defer { _ = try? Self.unmount(disk) }
        let daemon = try await DaemonProcess(data: disk + "/data", socket: directory.file("s"))
        let (count, problem) = try await offPool { try Self.commitUntilRefused(daemon.socket) }
        #expect(problem.code == "storage_full")
        #expect(problem.status == 507)
        #expect(count > 1)
        try await offPool { try Self.expectFacts(count, daemon.socket) }
        try await daemon.kill()
        #expect(try Self.remount(disk, "size=64m"))
        let again = try await DaemonProcess(data: disk + "/data", socket: directory.file("s"))
        try await offPool {
            try Self.expectFacts(count, again.socket)
            let client = Client(socketPath: again.socket)
            _ = try Self.commit(client, number: count)
            let verified = try client.send(
                Request(method: "POST", path: "/v1/verify"), as: VerifyReply.self)
            #expect(verified.isIntact, "\(verified.findings)")
        }
        #expect(try await again.terminate() == 0)
    }

    @Test(
        "on a read-only disk the daemon does not start and says why",
        .enabled(if: canMount, "mounting a tmpfs is not allowed here"))
    func readOnly() async throws {
        let directory = try TemporaryDirectory()
        let disk = directory.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        try #require(try Self.mount(at: disk, kilobytes: 8_192))
        defer { _ = try? Self.unmount(disk) }
        let socket = directory.file("s")
        let daemon = try await DaemonProcess(data: disk + "/data", socket: socket)
        #expect(try await daemon.terminate() == 0)
        #expect(try Self.remount(disk, "ro"))
        let output = try await CommandLineTool.run([
            "serve", "--no-models", "--data", disk + "/data", "--socket", socket,
        ])
        #expect(output.status == 1)
        #expect(output.stderr.hasPrefix("Error: "), "\(output.stderr)")
        #expect(output.stderr.lowercased().contains("read-only"), "\(output.stderr)")
    }

    // MARK: Steps

    private static func commit(_ client: Client, number: Int) throws -> CommitReply {
        let edits = (0..<10).map { i in
            EditRequest.assert(
                FactBody(
                    FactDraft(
                        key: "n\(number).\(i)",
                        statement: "\(number) " + String(repeating: "x", count: 8_000))))
        }
        return try client.post(
            "/v1/commits", CommitRequest(message: "\(number)", edits: edits), as: CommitReply.self)
    }

    private static func commitUntilRefused(
        _ socket: String
    ) throws -> (count: Int, problem: Problem) {
        let client = Client(socketPath: socket)
        for count in 0..<1_000 {
            do { _ = try commit(client, number: count) } catch let problem as Problem {
                return (count, problem)
            }
        }
        throw DiskError.neverFull
    }

    private enum DiskError: Error {
        case neverFull
    }

    private static func expectFacts(_ count: Int, _ socket: String) throws {
        let client = Client(socketPath: socket)
        let facts = try client.get("/v1/facts", [("limit", "1")], as: FactsReply.self)
        #expect(facts.factCount == 10 * count)
    }

    private static func mount(at path: String, kilobytes: Int) throws -> Bool {
        try run("mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k,mode=0700", "tmpfs", path])
    }

    private static func remount(_ path: String, _ option: String) throws -> Bool {
        try run("mount", ["-o", "remount,\(option)", path])
    }

    private static func unmount(_ path: String) throws -> Bool { try run("umount", ["-l", path]) }

    private static func run(_ tool: String, _ arguments: [String]) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
