import ErrataCore
import ErrataJournal
import Foundation
import Testing

/// A data directory that a released program wrote, packed, with the text of what it said of itself.
struct StoreFixture: Sendable, CustomTestStringConvertible {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/stores")

    /// `<format version>-<what it holds>`.
    let name: String

    var archive: URL { StoreFixture.folder.appending(path: name + ".tar.gz") }
    var description: URL { StoreFixture.folder.appending(path: name + ".txt") }
    var testDescription: String { name }

    /// Every fixture there is, oldest first.
    static let all: [StoreFixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".tar.gz") }.sorted()
            .map { StoreFixture(name: String($0.dropLast(7))) }
    }()

    /// Returns a copy of the store, as the program left it.
    func unpacked() throws -> TemporaryStore {
        let store = TemporaryStore()
        try FileManager.default.createDirectory(
            atPath: store.directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try tar(["-xzf", archive.path, "-C", store.directory])
        return store
    }

    /// Packs the files of a closed store and what it says; a fixture that is there is never replaced.
    func record(_ store: TemporaryStore, saying text: String) throws {
        guard !FileManager.default.fileExists(atPath: archive.path) else {
            throw CocoaError(.fileWriteFileExists)
        }
        try tar([
            "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner",
            "-czf", archive.path, "-C", store.directory,
            "keys", "journal/data.mdb", "events/data.mdb",
        ])
        try Data(text.utf8).write(to: description)
    }

    private func tar(_ arguments: [String]) throws {
        let end = try ChildProgram(
            "/usr/bin/tar", arguments, environment: ["PATH": "/usr/bin:/bin"]
        ).wait()
        guard end == (0, false) else { throw CocoaError(.fileReadCorruptFile) }
    }
}

extension Journal {
    /// Says as text what the store holds: operations, names, every version with its facts, blame, events.
    func inventory() throws -> String {
        let (size, root) = try merkleRoot
        var lines = ["operations \(size), root \(root.hex)"]
        let operations = try operations(from: 0, limit: .max)
        for operation in operations {
            lines.append(
                "operation \(operation.sequence) \(operation.body.name) "
                    + "\(operation.body.subjectName) \(operation.time.microseconds) "
                    + "\(operation.actor.userName ?? "-")")
        }
        for branch in try branches() {
            lines.append("branch \(branch.name) \(branch.commit.hex) by \(branch.operation)")
        }
        for tag in try tags() {
            lines.append("tag \(tag.name) \(tag.commit.hex) by \(tag.operation)")
        }
        for model in try models() {
            lines.append("model \(model.model.name) \(model.model.hash.hex) by \(model.operation)")
        }
        for operation in operations where operation.body.commitBytes != nil {
            if let id = operation.body.commit { lines += try version(id) }
        }
        for event in try events(from: 0, limit: .max) {
            lines.append(
                "event \(event.sequence) \(event.kind) \(event.time.microseconds) "
                    + "\(Hex.encode(event.body)) \(event.receipt?.hex ?? "-")")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func version(_ id: CommitID) throws -> [String] {
        let record = try commitRecord(id)
        let snapshot = try snapshot(at: id)
        var lines = [
            "commit \(id.hex) generation \(record.generation) root \(snapshot.rootHash.hex)",
            "  parents \(record.commit.parents.map(\.short)) reverts "
                + "\(record.commit.reverts.map(\.short)) "
                + "author \(record.commit.author ?? "-") message \(record.commit.message)",
        ]
        for (fact, leaf) in try snapshot.entries(limit: .max) {
            guard let value = try self.fact(fact, leaf: leaf) else {
                lines.append("  \(fact.hex) erased")
                continue
            }
            let labels = value.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let texts = [
                value.key, value.subject, value.relation, value.object, value.statement,
                value.prompt, value.validFrom, value.validTo, value.source,
            ].map { $0 ?? "-" }
            let lists = [value.questions, value.aliases, labels].map { $0.joined(separator: ";") }
            lines.append("  \((texts + lists).joined(separator: "|"))")
            lines.append(
                "    since \(try blame(fact, at: id).id.short), "
                    + "\(try history(of: fact, at: id).count) changes")
        }
        return lines
    }
}
