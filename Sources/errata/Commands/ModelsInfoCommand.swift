import ArgumentParser
import ErrataAPI
import ErrataModels
import Foundation

extension ModelsCommand {
    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what a model's directory holds",
            discussion: """
                Reads everything but the weights of a language model, or a sentence encoder. The \
                identity is a hash over all that decides about the text: configuration, tokenizer, \
                weights, adapters, and whether it computes in 8 bits.

                  errata models info ./qwen2
                  errata models info all-MiniLM-L6-v2
                  errata models info ./qwen2 --adapter ./aligned --json
                """)

        @Option(
            help: ArgumentHelp(
                "A LoRA adapter that is merged into it; may be repeated.", valueName: "dir"))
        var adapter: [String] = []

        @Flag(help: "Give the identity of the model held in 8 bits.")
        var int8 = false

        @Flag(help: "Write JSON to standard output.")
        var json = false

        @Argument(help: "The model's directory, or the name of an installed model.")
        var model: String

        func run() throws {
            let path = try directory()
            let isEncoder = FileManager.default.fileExists(atPath: path + "/modules.json")
            let record = try isEncoder ? encoder(path) : decoder(path)
            guard !json else {
                return Terminal.output.write(
                    Array(try JSONCoding.encodePretty(record)) + [UInt8(ascii: "\n")])
            }
            record.show()
        }

        /// Returns the directory of that path, else of the installed model of that name.
        private func directory() throws -> String {
            let path = Paths.absolute(model)
            guard !FileManager.default.fileExists(atPath: path) else { return path }
            let installed = ModelStore.installed(in: try EncoderModel.store())
            guard let found = installed.first(where: { $0.name == model }) else {
                throw Failure(
                    "there is no directory '\(model)' and no installed model of that name",
                    hint: "'errata models list' tells what is installed.")
            }
            return found.directory
        }

        private func decoder(_ path: String) throws -> ModelFacts {
            let model = try ModelDescription(
                directory: path, precision: int8 ? .int8 : .float32,
                mergingAdapters: adapter.map(Paths.absolute))
            return ModelFacts(
                model, directory: path, adapters: adapter,
                identity: hexadecimal(try model.identity.digest()))
        }

        private func encoder(_ path: String) throws -> ModelFacts {
            guard adapter.isEmpty, !int8 else {
                throw Failure(
                    "'\(model)' is a sentence encoder: --adapter and --int8 are not for it")
            }
            return try ModelFacts(SentenceEncoder(directory: path, threads: 1), directory: path)
        }
    }
}

/// What `errata models info` tells.
private struct ModelFacts: Encodable {
    var name: String
    var directory: String
    /// `encoder` or `decoder`.
    var kind: String
    var architecture: String
    var parameters: Int
    var layers: Int
    var width: Int
    var heads: Int
    var keyValueHeads: Int
    /// The types that tensors are stored in, by what they take together.
    var types: [String: Int]
    /// What the tensors take together.
    var bytes: Int
    /// How the weights were written in 8 bits, if they were.
    var quantization: String?
    /// Tokens of the longest text.
    var positions: Int
    var tokenizer: String
    var tokens: Int
    /// `none`, `supported`, or why it is not.
    var chatTemplate: String?
    var adapters: [String] = []
    var identity: String

    init(
        _ model: ModelDescription, directory: String, adapters: [String], identity: String
    ) {
        let configuration = model.configuration
        name = model.name
        self.directory = directory
        kind = "decoder"
        architecture = configuration.architecture
        parameters = model.parameterCount
        layers = configuration.layerCount
        width = configuration.width
        heads = configuration.headCount
        keyValueHeads = configuration.keyValueHeadCount
        types = model.byteCounts
        bytes = model.byteCounts.values.reduce(0, +)
        quantization = configuration.quantization?.rawValue
        positions = configuration.positionCount
        tokenizer = model.tokenizerKind
        tokens = model.tokenCount
        chatTemplate =
            switch model.chatTemplate {
            case .none: "none"
            case .supported: "supported"
            case .unsupported(let reason): reason
            }
        self.adapters = adapters
        self.identity = identity
    }

    init(_ encoder: SentenceEncoder, directory: String) throws {
        let configuration = encoder.model.configuration
        name = encoder.name
        self.directory = directory
        kind = "encoder"
        architecture = configuration.family.rawValue
        (parameters, types) = try encoder.parameters()
        layers = configuration.layerCount
        width = configuration.width
        heads = configuration.headCount
        keyValueHeads = configuration.headCount
        bytes = types.values.reduce(0, +)
        positions = encoder.tokenCountMax
        tokenizer = encoder.tokenizerKind
        tokens = configuration.vocabularyCount
        identity = hexadecimal(encoder.identity)
    }

    func show() {
        let shared =
            keyValueHeads == heads ? "" : " over \(keyValueHeads.counted("key"))"
        let stored = types.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \(byteText($0.value))" }.joined(separator: ", ")
        Terminal.output.line(Style.bold.on(name.printable) + "  \(kind), \(architecture.printable)")
        row("parameters", parameters.grouped)
        row(
            "layers",
            "\(layers.grouped) of width \(width.grouped), \(heads.counted("head"))\(shared)")
        row("weights", stored)
        if let quantization { row("quantization", quantization) }
        row("context", positions.counted("token"))
        row("tokenizer", "\(tokenizer), \(tokens.counted("token"))")
        if let chatTemplate { row("chat template", chatTemplate.printable) }
        for adapter in adapters { row("adapter", adapter.printable) }
        row("identity", identity)
    }

    private func row(_ name: String, _ value: String) {
        Terminal.output.line("  \(name.padded(14)) \(value)")
    }
}
