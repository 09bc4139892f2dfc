import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation

extension KnowledgeBase {
    /// Opens a store that can be asked with SQL, searched by words alone.
    static func audited(_ directory: TemporaryDirectory) throws -> KnowledgeBase {
        var configuration = Configuration(
            dataDirectory: directory.file("data"), indexWait: .seconds(30))
        configuration.auditCommand = BuiltProgram.auditCommand
        return try KnowledgeBase(configuration)
    }

    func sql(_ sql: String, limit: Int = AuditQuery.rowCountMax) async throws -> AuditQueryReply {
        let bytes = try await auditQuery(AuditQuery(sql: sql, limit: limit))
        return try JSONDecoder().decode(AuditQueryReply.self, from: Data(bytes))
    }

    /// Every row of every table.
    func auditTables() async throws -> AuditTables {
        var tables = AuditTables()
        for name in AuditTables.names {
            let columns = AuditTables.columns[name] ?? "*"
            tables[name] = try await sql("SELECT \(columns) FROM \(name) ORDER BY 1, 2").rows
        }
        return tables
    }
}

typealias AuditTables = [String: [[AuditValue]]]

extension AuditTables {
    static var names: [String] {
        ["operations", "commits", "parents", "edits", "reflog", "names", "events"]
    }

    /// Where the order of a table's columns has not its key first.
    static var columns: [String: String] {
        ["names": "name, kind, commit_id, sequence"]
    }

    /// What the tables have to hold, by a plain fold over the operations.
    static func folding(_ operations: [ErrataJournal.Operation]) throws -> AuditTables {
        var fold = AuditFold()
        for operation in operations { try fold.add(operation) }
        return fold.tables
    }
}

private struct AuditFold {
    var tables: AuditTables = [
        "operations": [], "commits": [], "parents": [], "edits": [], "reflog": [], "names": [],
    ]
    private var places: [CommitID: (sequence: UInt64, generation: Int64, facts: Set<FactID>)] = [:]
    private var names: [String: [AuditValue]] = [:]

    mutating func add(_ operation: ErrataJournal.Operation) throws {
        let commit = try operation.body.commitBytes.map { try Commit(decoding: $0) }
        var (kind, old, new): (String?, CommitID?, CommitID?) = ("branch", nil, nil)
        var (message, detail) = (commit?.message, AuditValue.null)
        switch operation.body {
        case .initialize(let store, _, _):
            new = commit?.id
            detail = .text("{\"store\":\"\(Hex.encode(store))\"}")
        case .commit, .revert: (old, new) = (commit?.parents.first, commit?.id)
        case .merge:
            (old, new) = (commit?.parents.first, commit?.id)
            detail = .text("{\"conflicts\":\"\(commit?.conflicts.count ?? 0)\"}")
        case .cherryPick:
            (old, new) = (commit?.parents.first, commit?.id)
            detail = .text("{\"picks\":\"\(commit?.picks.first?.hex ?? "")\"}")
        case .branchMove(_, let target, let head): (old, new) = (head, target)
        case .tagDelete(_, let id): (kind, old) = ("tag", id)
        case .undo(let undo):
            (old, new) = (undo.old, undo.new)
            if undo.kind == .tag { kind = "tag" }
            detail = .text("{\"undone\":\"\(undo.operation)\"}")
        case .redact(let fact, let leaves, let reason):
            (kind, message) = (nil, reason)
            detail = .text("{\"fact\":\"\(fact.hex)\",\"values\":\"\(leaves.count)\"}")
        case .policy(let policy):
            kind = nil
            detail = .text(
                "{\"auditsReads\":\"\(policy.auditsReads)\",\"protected\":\""
                    + policy.protectedBranches.joined(separator: " ")
                    + "\",\"rules\":\"\(policy.rules.count)\"}")
        case .rollback(_, let target, let head): (old, new) = (head, target)
        case .branchCreate(_, let head): new = head
        case .branchDelete(_, let head): old = head
        case .tagCreate(_, let id, let text): (kind, new, message) = ("tag", id, text)
        case .model(let model):
            kind = nil
            detail = .text("{\"hash\":\"\(model.hash.hex)\",\"kind\":\"\(model.kind.rawValue)\"}")
        }
        let sequence = AuditValue.integer(Int64(operation.sequence))
        let actor = operation.actor
        let name = operation.body.subjectName
        tables["operations"]?.append([
            sequence, .text(operation.time.description), .text(operation.body.name), .text(name),
            id(new), id(old), .integer(Int64(actor.uid)), .integer(Int64(actor.gid)),
            .text("[\(actor.groups.map(String.init).joined(separator: ","))]"),
            text(actor.userName), .integer(Int64(actor.pid)), text(actor.socket),
            text(operation.author ?? commit?.author), text(message), detail,
            .text(operation.rootBefore.hex),
        ])
        if let kind {
            let row = [sequence, .text(name), .text(kind), id(new), id(old)]
            tables["reflog"]?.append(row)
            names[name] = new == nil ? nil : [.text(name), .text(kind), id(new), sequence]
            tables["names"] = names.sorted { $0.key < $1.key }.map(\.value)
        }
        if let commit { add(commit, at: operation.sequence) }
    }

    private mutating func add(_ commit: Commit, at number: UInt64) {
        let sequence = AuditValue.integer(Int64(number))
        let before = commit.parents.first.flatMap { places[$0] }
        var facts = before?.facts ?? []
        for edit in commit.edits {
            if edit.new == nil { facts.remove(edit.fact) } else { facts.insert(edit.fact) }
            tables["edits"]?.append([
                sequence, .text(edit.fact.hex), .text(edit.kind.rawValue),
                text(edit.old.map { Hex.encode($0.bytes) }),
                text(edit.new.map { Hex.encode($0.bytes) }),
            ])
        }
        for (position, parent) in commit.parents.enumerated() {
            let place = places[parent]?.sequence ?? .max >> 1
            tables["parents"]?.append([
                sequence, .integer(Int64(position)), .integer(Int64(place)), .text(parent.hex),
            ])
        }
        let generation = before.map { $0.generation + 1 } ?? 0
        places[commit.id] = (number, generation, facts)
        let ids = { (ids: [CommitID]) in
            AuditValue.text("[" + ids.map { "\"\($0.hex)\"" }.joined(separator: ",") + "]")
        }
        tables["commits"]?.append([
            sequence, id(commit.id), ids(commit.parents), ids(commit.reverts),
            .integer(generation), text(commit.author), .text(commit.message),
            .text(commit.time.description), .integer(Int64(commit.edits.count)),
            .integer(Int64(facts.count)), .text(commit.root.hex),
            .text(commit.message.lowercased()),
        ])
    }
}

private func text(_ text: String?) -> AuditValue { text.map(AuditValue.text) ?? .null }
private func id(_ id: CommitID?) -> AuditValue { text(id?.hex) }
