import ErrataTesting
import Foundation

/// Versions in git: a file for each fact, in two levels of directories.
struct GitPeer {
    /// More files make git slower; the figure says how many there were.
    static let factCountMax = 10_000

    private struct Failure: Error { let message: String }

    private let directory: String
    private let factCount: Int
    private var version = 0

    init(in directory: String, factCount: Int) throws {
        self.directory = directory
        self.factCount = min(factCount, GitPeer.factCountMax)
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        _ = try git(["init", "-q", "--bare", "."])
        for (name, value) in [("gc.auto", "0"), ("core.fsync", "all")] {
            _ = try git(["config", name, value])
        }
        try commit(Array(0..<self.factCount), "red")
    }

    private mutating func commit(_ ids: [Int], _ object: String) throws {
        var stream = "commit refs/heads/main\ncommitter a <a@b> \(1_700_000_000 + version) +0000\n"
        stream += "data 3\nSet\n"
        if version > 0 { stream += "from refs/heads/main^0\n" }
        for id in ids {
            let text = "The colour of Subject \(id) is \(object)\n"
            let place = String(format: "f/%02x/%02x/%07d", id & 255, id >> 8 & 255, id)
            stream += "M 100644 inline \(place)\ndata \(text.utf8.count)\n\(text)\n"
        }
        version += 1
        _ = try git(["fast-import", "--quiet"], input: Data(stream.utf8))
    }

    /// Measures commits of one change, a difference and a read of an old version, each by a process of git's.
    mutating func measure(_ report: Report, isSmall: Bool, _ random: inout SplitMix64) throws {
        var (one, diff, show) = (Sample(), Sample(), Sample())
        let repeats = isSmall ? 2 : 15
        for i in 0..<repeats {
            let id = Int(random.next() % UInt64(factCount))
            try one.time { try commit([id], "one \(i)") }
        }
        try commit((0..<min(500, factCount)).map { $0 * factCount / 500 % factCount }, "many")
        for _ in 0..<repeats {
            _ = try diff.time {
                try git(["diff-tree", "-r", "--name-only", "main^", "main"]).count
            }
            _ = try show.time { try git(["show", "main~2:f/07/00/0000007"]).count }
        }
        report.heading("git, \(factCount) facts, a file each")
        report.times("commit of one change, a process", one)
        report.times("diff of 500 changes, a process", diff)
        report.times("one fact at an old version, a process", show)
    }

    /// Runs git in the repository; returns what it printed.
    private func git(_ arguments: [String], input: Data? = nil) throws -> Data {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", directory] + arguments
        let (output, feed) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardInput = input == nil ? FileHandle.nullDevice : feed
        try process.run()
        if let input {
            try feed.fileHandleForWriting.write(contentsOf: input)
            try feed.fileHandleForWriting.close()
        }
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(message: "git \(arguments[0]) ended with \(process.terminationStatus)")
        }
        return printed
    }
}
