/// What a language model's directory holds, found out without loading the weights.
package struct ModelDescription: Sendable {
    /// Whether the model can be asked in chats.
    package enum ChatTemplate: Equatable, Sendable {
        case none
        case supported
        /// There is one that Errata does not render, and why.
        case unsupported(String)
    }

    /// The directory's last component.
    package let name: String
    package let configuration: DecoderConfiguration
    package let parameterCount: Int
    /// How many bytes of tensors there are of each type, such as "BF16".
    package let byteCounts: [String: Int]
    package let tokenizerKind: String
    /// How many ids the tokenizer gives.
    package let tokenCount: Int
    package let chatTemplate: ChatTemplate
    package let identity: ModelIdentity

    /// Reads everything but the weights, and checks their names and shapes.
    ///
    /// `precision` and the adapters that are to be merged are part of the identity.
    package init(
        directory: String, precision: Linear.Precision = .float32,
        mergingAdapters adapters: [String] = []
    ) throws(ModelError) {
        var files = ModelFiles(directory: directory)
        name = files.name
        let texts = try LanguageModelTexts(&files)
        let configuration = try DecoderConfiguration(
            try JSONReader.object(try files.bytes("config.json"), place: "config.json"))
        self.configuration = configuration
        try texts.check(configuration)
        var loaded: [LoraAdapter] = []
        for adapter in adapters {
            loaded.append(
                try LoraAdapter(directory: adapter, base: configuration, kernels: .current))
        }
        let checkpoint = try Checkpoint(&files)
        let weights = try DecoderWeights(
            checkpoint, configuration, precision: precision, adapters: loaded, kernels: .current)
        parameterCount = DecoderTensors.shapes(configuration).values
            .reduce(0) { $0 + $1.reduce(1, *) }
        byteCounts = try checkpoint.byteCounts()
        tokenizerKind = texts.tokenizer.kind
        tokenCount = texts.tokenizer.idCount
        chatTemplate = Self.chatTemplate(texts)
        identity = ModelIdentity(
            model: files.sources, merged: loaded.map(\.sources), precision: weights.precision)
    }

    private static func chatTemplate(_ texts: LanguageModelTexts) -> ChatTemplate {
        guard texts.hasChatTemplate else { return .none }
        do throws(ModelError) {
            _ = try texts.chatTemplate()
            return .supported
        } catch {
            return .unsupported(error.message)
        }
    }
}

extension Checkpoint {
    /// Returns how many bytes of tensors there are of each type.
    func byteCounts() throws(ModelError) -> [String: Int] {
        var counts: [String: Int] = [:]
        for (name, shape) in shapes {
            let type = try type(of: name)
            let size = try SafeTensors.elementByteCount(type, place: name)
            counts[type, default: 0] += shape.reduce(size, *)
        }
        return counts
    }
}
