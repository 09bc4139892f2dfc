import ArgumentParser
import ErrataAlignment
import ErrataClient
import Foundation
import Glibc

struct AlignDatasetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract: "Make pairs of questions and edits to train a reader on",
        discussion: """
            A pair is a question, an edit, and whether the edit answers the question. Half of what a \
            reader must learn is to leave edits alone, so most pairs are near misses: another \
            subject, nearly the same name, another relation of the same subject, half of a chain.

            Made-up pairs need no file. Real ones come from sets of edits (knowedit, counterfact, \
            zsre, pokemqa, wikibio), from questions that no edit answers (open), and from your own \
            facts: a file as 'errata export' writes it (facts), or a version of the running store.

              errata align dataset --synthetic 100000 --out pairs
              errata align dataset --from facts.jsonl --from open:faq.jsonl --out pairs
              errata align dataset --store --at v1.2 --synthetic 20000 --out pairs
              errata align dataset --recipe reader.json --out pairs

            OUT gets pairs.train.jsonl, pairs.held-back.jsonl (a fifth of all subjects, never to be \
            trained on), and for language models chat.train.jsonl (prompts and answers), hops.train.jsonl \
            (questions that take two edits, the hops spelled out in the answers) and open.train.jsonl \
            (questions that the model is to answer itself: 'errata align fill'); statistics.json has the \
            SHA-256 of every file. The same inputs and seed give the same bytes. A recipe is JSON, its \
            paths relative to it:

              {"dataset": {"seed": 1, "synthetic": 100000,
                           "sources": [{"format": "zsre", "path": "zsre.json"}]}}
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var revision: RevisionOption

    @Option(help: ArgumentHelp("Read what to make from this file.", valueName: "file"))
    var recipe: String?

    @Option(
        help: ArgumentHelp(
            "Where the recipe's files are. (default: beside the recipe)", valueName: "directory"))
    var data: String?

    @Option(help: ArgumentHelp("Make about so many pairs up.", valueName: "count"))
    var synthetic: Int?

    @Option(
        help: ArgumentHelp(
            "Read a file; its format is told from its first record unless it is named. Repeatable.",
            valueName: "[format:]file"))
    var from: [String] = []

    @Flag(help: "Take the facts of the store, at the version that --at names.")
    var store = false

    @Option(help: ArgumentHelp("Where the files go.", valueName: "directory"))
    var out: String

    @Option(help: "The start of all chance. (default: the recipe's, else 1)")
    var seed: UInt64?

    @Flag(help: "Replace files that are there.")
    var force = false

    func validate() throws {
        if recipe == nil, synthetic == nil, from.isEmpty, !store {
            throw ValidationError(
                "say what to make: --synthetic COUNT, --from FILE, --store or --recipe FILE")
        }
        if revision.at != nil, !store { throw ValidationError("--at needs --store") }
        let range = 0...DatasetRecipe.syntheticCountMax
        if let synthetic, !range.contains(synthetic) {
            throw ValidationError("--synthetic takes 0 to \(range.upperBound)")
        }
    }

    func run() throws {
        let recipe = try wholeRecipe()
        try prepareDirectory()
        let bar = ProgressBar("Reading")
        defer { bar.clear() }
        var inputs: [DatasetInput] = []
        for source in recipe.sources {
            inputs.append(try DatasetInput(source))
            bar.update(inputs.count, of: recipe.sources.count)
        }
        if store { inputs.append(try storeInput(bar)) }
        let dataset = try Dataset(
            inputs, syntheticCount: recipe.syntheticCount, seed: recipe.seed,
            progress: { bar.update($1, of: $2, label: $0) })
        let statistics = try dataset.write(
            to: out, guarding: AlignDatasetCommand.guarding,
            progress: { bar.update($1, of: $2, label: $0) })
        bar.clear()
        try show(statistics)
    }

    /// Lets Ctrl-C remove the file that is being written.
    private static func guarding(
        _ path: String, _ body: () throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let result: Result<Void, DatasetError> = Interrupt.removing(path) {
            do throws(DatasetError) {
                return .success(try body())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func wholeRecipe() throws -> DatasetRecipe {
        var whole = DatasetRecipe(seed: 1, syntheticCount: 0, sources: [])
        if let recipe { whole = try DatasetRecipe(path: recipe, folder: data) }
        if let seed { whole.seed = seed }
        if let synthetic { whole.syntheticCount = synthetic }
        for argument in from { whole.sources.append(try DatasetRecipe.Source(argument: argument)) }
        return whole
    }

    private func prepareDirectory() throws {
        do {
            try FileManager.default.createDirectory(
                atPath: out, withIntermediateDirectories: true)
        } catch {
            throw Failure("cannot make the directory \(out): \(error.localizedDescription)")
        }
        guard !force else { return }
        for name in Dataset.FileName.all where access("\(out)/\(name)", F_OK) == 0 {
            throw Failure(
                "\(out)/\(name) is there already",
                hint: "Name another directory, or give --force to replace it.")
        }
    }

    /// Reads the facts of a version from the daemon.
    private func storeInput(_ bar: ProgressBar) throws -> DatasetInput {
        var bytes: [UInt8] = []
        var count = 0
        let request = Request(method: "GET", path: "/v1/export", query: [("at", revision.at)])
        try daemon.client.lines(of: request) { line in
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
            count += 1
            bar.update(count, of: nil, label: "Reading facts")
            guard bytes.count <= DatasetInput.bytesMax else {
                throw Failure(
                    "the version has more than \(byteText(DatasetInput.bytesMax)) of facts")
            }
        }
        guard count > 0 else {
            throw Failure(
                "\(revision.at ?? "main") holds no facts",
                hint: "Commit or import some, or name another version with --at.")
        }
        return try DatasetInput(bytes, format: .facts, name: "store")
    }

    private func show(_ statistics: DatasetStatistics) throws {
        guard !daemon.json else { return Terminal.output.write(try statistics.json + "\n") }
        for file in statistics.files {
            Terminal.output.line(
                "\(file.name.padded(24)) \(file.lines.counted("line")), "
                    + "\(byteText(file.bytes)), SHA-256 \(file.sha256.prefix(12))")
        }
        let train = statistics.train
        let share = Double(train.inScope) * 100 / Double(max(1, train.pairs))
        Terminal.output.line(
            "\(decimal(share, 1)) % of the pairs to train on are in scope; "
                + "statistics.json says more")
        let skipped = statistics.inputs.reduce(0) { $0 + $1.skipped }
        if skipped > 0 {
            Terminal.error.line(
                "\(skipped.counted("record")) gave no pairs: no subject or object, or too long")
        }
    }
}
