import Foundation

/// A checkpoint of this machine as a chat's other side.
package struct CheckpointBackend: ChatBackend {
    package let identity: [UInt8]
    package let byteCount: Int
    package let answersAlone: Bool
    package let abstention: String?
    private let model: LanguageModel

    /// Loads a Hugging Face directory, with LoRA adapters merged into its weights.
    ///
    /// Costs the time of reading all files twice, once for their hash.
    package init(
        directory: String, adapters: [String] = [], precision: Linear.Precision, threads: Int
    ) throws {
        try self.init(
            LanguageModel(
                directory: directory, precision: precision, threads: threads,
                mergingAdapters: adapters), answersAlone: true, abstention: nil)
    }

    private init(_ model: LanguageModel, answersAlone: Bool, abstention: String?) throws {
        self.model = model
        self.answersAlone = answersAlone
        self.abstention = abstention
        identity = try model.identity.digest()
        byteCount = model.decoder.byteCount
    }

    /// Loads the small decoder that is part of the program; it knows nothing beside its prompt.
    package static func embedded(threads: Int) throws -> CheckpointBackend {
        try CheckpointBackend(
            EmbeddedDecoder.load(threads: threads), answersAlone: false,
            abstention: EmbeddedDecoder.noAnswer)
    }

    package func reply(
        to chat: [ChatMessage], _ options: ChatOptions,
        onPiece: @escaping @Sendable (String) -> Void
    ) async throws -> ChatEnd {
        let prompt = try model.prompt(of: chat)
        let positionCount = model.decoder.configuration.positionCount
        guard prompt.count < positionCount else {
            throw ModelError(
                .limit,
                "the prompt has \(prompt.count) tokens, and '\(model.decoder.name)' has "
                    + "\(positionCount) positions",
                hint: "Show it fewer facts (-k), or ask more briefly.")
        }
        let request = LanguageModel.Request(
            tokenCountMax: options.tokenCountMax, sampling: options.sampling)
        var end = ChatEnd(.complete, tokenCount: 0)
        for try await piece in try model.text(continuing: prompt, request) {
            if !piece.text.isEmpty { onPiece(piece.text) }
            end = ChatEnd(piece.end?.reason ?? .complete, tokenCount: piece.tokenCount)
        }
        return end
    }
}

extension ChatOptions {
    var sampling: Sampling {
        guard let temperature, temperature > 0 else { return .greedy }
        return .random(temperature: Float(temperature), topK: nil, topP: nil, seed: seed)
    }
}

extension GenerationEnd {
    fileprivate var reason: ChatEnd.Reason {
        switch self {
        case .stopToken, .stopped: .complete
        case .tokenCount: .tokenCount
        case .positions: .positions
        }
    }
}

/// What can be told of a checkpoint before it is loaded.
package enum CheckpointFiles {
    /// How many files of weights a directory may have.
    static let countMax = 4_096

    private static func names(in directory: String) throws(ModelError) -> [String] {
        let all: [String]
        do { all = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw ModelError(
                .unreadable, "cannot read the directory \(directory)",
                hint: "A model is a directory with config.json, weights and tokenizer.json.")
        }
        let names = all.filter { $0.hasSuffix(".safetensors") }
        guard names.count <= countMax else {
            throw ModelError(.limit, "\(directory) has \(names.count) files, more than \(countMax)")
        }
        return names
    }

    /// Whether `directory` holds a file of this name.
    package static func contains(_ name: String, in directory: String) -> Bool {
        FileManager.default.fileExists(atPath: directory + "/" + name)
    }

    /// Returns how many bytes of weights `directory` holds.
    package static func weightByteCount(in directory: String) throws(ModelError) -> Int {
        var count = 0
        for name in try names(in: directory) {
            count += try file(directory, name).byteCount
        }
        return count
    }

    private static func file(_ directory: String, _ name: String) throws(ModelError) -> MappedFile {
        try MappedFile(
            directory: directory, name: name, byteCountMax: ModelFiles.weightsByteCountMax)
    }
}
