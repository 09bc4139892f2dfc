import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List commits, newest first",
        discussion: """
            Everything that led to a version, 'main' if none is given, merged lines included. \
            Filters can be combined. The lines of a graph lead past commits that are left out.

              errata log -n 5 --at v1.2
              errata log --subject Twitter --since 2026-11-01
              errata log --all --author Ada --grep rename
              errata log --graph --all
              errata log --graph --all --author Ada
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Flag(help: "List what led to any branch or tag.")
    var all = false

    @Flag(help: "Follow only the first parent of merges.")
    var firstParent = false

    @Flag(help: "Draw the lines between commits, with the names of branches and tags.")
    var graph = false

    @Flag(help: "Draw with ASCII; the locale decides otherwise.")
    var ascii = false

    @Option(help: ArgumentHelp("Only commits that changed this fact.", valueName: "fact"))
    var fact: String?

    @Option(
        help: ArgumentHelp(
            "Only commits that changed a fact about this subject or alias.", valueName: "name"))
    var subject: String?

    @Option(help: ArgumentHelp("Only what names this author.", valueName: "name"))
    var author: String?

    @Option(help: ArgumentHelp("Only what this user committed.", valueName: "uid|name"))
    var actor: String?

    @Option(
        help: ArgumentHelp(
            "Only from this time on: 2026-11-01 or 2026-11-01T09:30:00Z.", valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp("Only up to this time, a day's end for a day.", valueName: "time"))
    var until: String?

    @Option(
        help: ArgumentHelp(
            "Only messages that hold this text, letter case aside.", valueName: "text"))
    var grep: String?

    @Option(name: [.customShort("n"), .long], help: "How many commits to list.")
    var limit = 20

    func validate() throws {
        guard (1...1_000).contains(limit) else {
            throw ValidationError("-n takes a number from 1 to 1000, not \(limit).")
        }
        for time in [since, until].compactMap(\.self) { try TimeArgument.check(time) }
        guard !all || revision.at == nil else {
            throw ValidationError("Give --all or --at, not both.")
        }
        guard graph || !ascii else { throw ValidationError("--ascii is for --graph.") }
        guard !graph || !daemon.json else {
            throw ValidationError("--graph is for people: with --json, commits name their parents.")
        }
    }

    private var leavesOut: Bool { firstParent || !filters.allSatisfy { $0.1 == nil } }

    private var filters: [(String, String?)] {
        [
            ("fact", fact), ("subject", subject), ("author", author), ("actor", actor),
            ("since", since), ("until", until), ("text", grep),
        ]
    }

    func run() throws {
        let scope = [
            ("at", revision.at), ("all", all ? "true" : nil),
            ("firstParent", firstParent ? "true" : nil),
        ]
        let pages = Pages(count: limit) { count, cursor in
            let reply = try daemon.client.get(
                "/v1/commits",
                scope + filters + [("limit", String(count)), ("cursor", cursor)],
                as: LogReply.self)
            return (reply.commits, reply.next)
        }
        let (commits, next) = try pages.collect()
        if graph { return try draw(commits, next) }
        try daemon.show(LogReply(commits: commits, next: next)) { reply in
            let width = reply.commits.nameWidth
            for commit in reply.commits { Terminal.output.line(commit.line(nameWidth: width)) }
            showMore(next)
        }
    }

    private func showMore(_ next: String?) {
        guard next != nil else { return }
        Terminal.error.line(Style.dim.on("There are more; use -n.", .error))
    }

    private func draw(_ commits: [CommitSummary], _ next: String?) throws {
        let branches = try daemon.client.get("/v1/branches", as: BranchesReply.self).branches
        let tags = try daemon.client.get("/v1/tags", as: TagsReply.self).tags
        let labels = CommitLabels(branches: branches, tags: tags)
        let parents = try parents(among: commits)
        var drawing = GraphDrawing(ascii || !Terminal.isUTF8 ? .ascii : .lines)
        let width = commits.nameWidth
        for (commit, parents) in zip(commits, parents) {
            let row = drawing.add(commit.commit, parents: parents)
            for line in row.before { Terminal.output.line(Style.dim.on(line)) }
            Terminal.output.line(
                row.node + "  "
                    + labels.line(
                        commit, nameWidth: width, columns: Columns.max - row.node.columnCount - 2))
            for line in row.after { Terminal.output.line(Style.dim.on(line)) }
        }
        showMore(next)
    }

    /// Returns what the lines from each commit lead to: its parents, or what is listed of those behind it.
    private func parents(among commits: [CommitSummary]) throws -> [[CommitID]] {
        guard leavesOut, !commits.isEmpty else { return commits.map(\.parents) }
        let operations = commits.map { String($0.operation) }.joined(separator: ",")
        let reply = try daemon.client.get(
            "/v1/commits/lines",
            [("operations", operations), ("firstParent", firstParent ? "true" : nil)],
            as: LinesReply.self)
        let ids = Dictionary(
            commits.map { ($0.operation, $0.commit) }, uniquingKeysWith: { first, _ in first })
        guard reply.behind.count == commits.count else { return commits.map(\.parents) }
        return reply.behind.map { $0.compactMap { ids[$0] } }
    }
}

/// The names of branches and tags by the commits that they point at.
private struct CommitLabels {
    private var names: [CommitID: [String]] = [:]

    init(branches: [RefRecord], tags: [RefRecord]) {
        for branch in branches { names[branch.commit, default: []].append(branch.name) }
        for tag in tags { names[tag.commit, default: []].append("tag: \(tag.name)") }
    }

    /// Returns `4be19c77  2026-11-01  ada  (main, tag: v1) message`.
    func line(_ commit: CommitSummary, nameWidth: Int, columns: Int) -> String {
        let id = String(commit.commit.hex.prefix(8))
        let name = commit.who.fitting(nameWidth).padded(nameWidth)
        let head = "  \(commit.time.display.prefix(10))  \(name)  "
        let message = commit.message.isEmpty ? "(no message)" : commit.message
        var left = columns - id.count - head.columnCount
        var label = ""
        if let names = names[commit.commit] {
            let text = "(\(names.joined(separator: ", ").fitting(max(8, left / 2)))) "
            left -= text.columnCount
            label = Style.green.on(text)
        }
        return Style.yellow.on(id) + head + label + message.fitting(max(8, left))
    }
}
