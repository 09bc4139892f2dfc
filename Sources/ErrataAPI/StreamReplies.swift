/// One line of a reply in `application/x-ndjson`: steps on the way, then the result or the problem.
package enum StreamLine<Result: Codable & Equatable & Sendable>: Codable, Equatable, Sendable {
    case progress(ProgressRecord)
    case result(Result)
    case problem(Problem)

    private enum CodingKeys: String, CodingKey {
        case progress
        case result
        case problem
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if let progress = try fields.decodeIfPresent(ProgressRecord.self, forKey: .progress) {
            self = .progress(progress)
        } else if let problem = try fields.decodeIfPresent(Problem.self, forKey: .problem) {
            self = .problem(problem)
        } else {
            self = .result(try fields.decode(Result.self, forKey: .result))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .progress(let progress): try fields.encode(progress, forKey: .progress)
        case .result(let result): try fields.encode(result, forKey: .result)
        case .problem(let problem): try fields.encode(problem, forKey: .problem)
        }
    }
}

/// How far a long request has come.
package struct ProgressRecord: Codable, Equatable, Sendable {
    package let phase: String
    package let done: Int
    /// Nil if it is not known yet.
    package let total: Int?

    package init(phase: String, done: Int, total: Int?) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}

/// `POST /v1/import`.
package struct ImportReply: Codable, Equatable, Sendable {
    /// `jsonl` or `knowedit`.
    package let format: String
    package let dryRun: Bool
    /// How many facts the file held.
    package let read: Int
    /// How many of them changed the branch (or would have).
    package let changed: Int
    package let duplicates: Int
    /// The lines that were left out, in order; at most ``problemCountMax`` of them.
    package let problems: [LineProblem]
    /// How many lines were left out, shown in `problems` or not.
    package let problemCount: Int
    package let commits: [CommitReply]

    package static let problemCountMax = 1_000

    package init(
        format: String, dryRun: Bool, read: Int, changed: Int, duplicates: Int,
        problems: [LineProblem], problemCount: Int, commits: [CommitReply]
    ) {
        self.format = format
        self.dryRun = dryRun
        self.read = read
        self.changed = changed
        self.duplicates = duplicates
        self.problems = problems
        self.problemCount = problemCount
        self.commits = commits
    }
}

/// A line (or array element) of an imported file that is not a fact, or not a new one.
package struct LineProblem: Codable, Equatable, Sendable {
    /// From 1.
    package let line: Int
    package let code: String
    package let field: String?
    package let message: String

    package init(line: Int, code: String, field: String?, message: String) {
        self.line = line
        self.code = code
        self.field = field
        self.message = message
    }
}

/// `POST /v1/verify`.
package struct VerifyReply: Codable, Equatable, Sendable {
    package let isIntact: Bool
    package let operations: UInt64
    package let commits: Int
    package let facts: Int
    /// The Merkle root of all operations, in hex.
    package let root: String
    /// What is wrong, one sentence each; empty if all is well.
    package let findings: [String]

    package init(
        isIntact: Bool, operations: UInt64, commits: Int, facts: Int, root: String,
        findings: [String]
    ) {
        self.isIntact = isIntact
        self.operations = operations
        self.commits = commits
        self.facts = facts
        self.root = root
        self.findings = findings
    }
}
