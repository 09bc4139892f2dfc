import ArgumentParser
import ErrataAPI
import ErrataModels
import Foundation

extension ModelsCommand {
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load a model's directory and see whether it computes",
            discussion: """
                Reads a Hugging Face directory as Errata would use it: a language model (Llama, Mistral, \
                Qwen2, Qwen3) or, where there is a modules.json, a sentence encoder (BERT, MPNet). Names \
                the first thing that is missing, does not fit or is not supported; then computes once.

                  errata models check ./qwen2
                """)

        @Flag(help: "Write JSON to standard output.")
        var json = false

        @Flag(help: "Hold the weights in 8 bits.")
        var int8 = false

        @Argument(help: "The model's directory.")
        var directory: String

        func run() async throws {
            let path = Paths.absolute(directory)
            let isEncoder = FileManager.default.fileExists(atPath: path + "/modules.json")
            let record = try await isEncoder ? encoder(path) : decoder(path)
            guard !json else {
                return Terminal.output.write(
                    Array(try JSONCoding.encodePretty(record)) + [UInt8(ascii: "\n")])
            }
            record.show()
        }

        private func encoder(_ path: String) throws -> CheckedModel {
            let encoder = try SentenceEncoder(directory: path, threads: 1)
            _ = try encoder.encode("The capital of France is Paris.")
            let configuration = encoder.model.configuration
            return CheckedModel(
                name: encoder.name, kind: "encoder", architecture: configuration.family.rawValue,
                layers: configuration.layerCount, width: configuration.width,
                heads: configuration.headCount, keyValueHeads: configuration.headCount,
                vocabulary: configuration.vocabularyCount, positions: encoder.tokenCountMax,
                bytes: nil)
        }

        private func decoder(_ path: String) async throws -> CheckedModel {
            let threads = ProcessInfo.processInfo.activeProcessorCount
            let model = try LanguageModel(
                directory: path, precision: int8 ? .int8 : .float32, threads: threads)
            let pieces = try model.text(
                continuing: "The capital of France is", .init(tokenCountMax: 1))
            for try await _ in pieces {}
            let configuration = model.decoder.configuration
            return CheckedModel(
                name: model.decoder.name, kind: "decoder", architecture: configuration.architecture,
                layers: configuration.layerCount, width: configuration.width,
                heads: configuration.headCount, keyValueHeads: configuration.keyValueHeadCount,
                vocabulary: configuration.vocabularyCount, positions: configuration.positionCount,
                bytes: model.decoder.byteCount)
        }
    }
}

/// A model that was loaded and computed.
private struct CheckedModel: Encodable {
    let name: String
    /// `encoder` or `decoder`.
    let kind: String
    let architecture: String
    let layers: Int
    let width: Int
    let heads: Int
    let keyValueHeads: Int
    let vocabulary: Int
    /// Tokens of the longest text.
    let positions: Int
    /// What the weights take in memory, where that is known.
    let bytes: Int?

    func show() {
        let shared = keyValueHeads == heads ? "" : " over \(keyValueHeads.counted("key"))"
        Terminal.output.line("\(name.printable)  \(kind), \(architecture.printable)")
        Terminal.output.line(
            "  \(layers.counted("layer")) of width \(width), \(heads.counted("head"))\(shared)")
        Terminal.output.line("  \(vocabulary.counted("token")), \(positions.counted("position"))")
        if let bytes { Terminal.output.line("  \(byteText(bytes)) of weights in memory") }
    }
}
