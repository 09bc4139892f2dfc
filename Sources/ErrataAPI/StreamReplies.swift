/// One line of a reply in `application/x-ndjson`: steps and pieces on the way, then the result or the problem.
package enum StreamLine<Result: Codable & Equatable & Sendable>: Codable, Equatable, Sendable {
    case progress(ProgressRecord)
    /// Some of an answer's text.
    case piece(String)
    case result(Result)
    case problem(Problem)

    private enum CodingKeys: String, CodingKey {
        case progress
        case piece
        case result
        case problem
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        if let progress = try fields.decodeIfPresent(ProgressRecord.self, forKey: .progress) {
            self = .progress(progress)
        } else if let piece = try fields.decodeIfPresent(String.self, forKey: .piece) {
            self = .piece(piece)
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
        case .piece(let piece): try fields.encode(piece, forKey: .piece)
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
    package let dryRun: Bool
    /// How many edits the file asks for, one a fact.
    package let edits: Int
    /// How many of them say what the branch says already; nil where nothing was tried.
    package let unchanged: Int?
    /// Lines that another line repeats or supersedes, in order; at most ``lineCountMax`` of them.
    package let duplicates: [LineProblem]
    /// How many such lines there are, shown or not.
    package let duplicateCount: Int
    package let commits: [CommitReply]

    package static let lineCountMax = 100

    package init(
        dryRun: Bool, edits: Int, unchanged: Int?, duplicates: [LineProblem],
        duplicateCount: Int, commits: [CommitReply]
    ) {
        self.dryRun = dryRun
        self.edits = edits
        self.unchanged = unchanged
        self.duplicates = duplicates
        self.duplicateCount = duplicateCount
        self.commits = commits
    }
}

/// A line of an imported file and what is the matter with it.
package struct LineProblem: Codable, Equatable, Sendable {
    /// From 1.
    package let line: Int
    package let message: String

    package init(line: Int, message: String) {
        self.line = line
        self.message = message
    }
}

/// `POST /v1/verify`.
package struct VerifyReply: Codable, Equatable, Sendable {
    package let isIntact: Bool
    package let operations: UInt64
    package let commits: Int
    package let facts: Int
    package let events: Int
    /// The Merkle root of all operations, in hex; nil if it cannot be read.
    package let root: String?
    /// What is wrong, one sentence each; empty if all is well.
    package let findings: [String]

    package init(
        isIntact: Bool, operations: UInt64, commits: Int, facts: Int, events: Int, root: String?,
        findings: [String]
    ) {
        self.isIntact = isIntact
        self.operations = operations
        self.commits = commits
        self.facts = facts
        self.events = events
        self.root = root
        self.findings = findings
    }
}

/// The body of a request that has no fields.
package struct EmptyRequest: Codable, Equatable, Sendable {
    private enum CodingKeys: CodingKey, CaseIterable {}

    package init() {}

    package init(from decoder: any Decoder) throws {
        _ = try decoder.strictContainer(keyedBy: CodingKeys.self)
    }
}
