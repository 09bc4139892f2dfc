/// A decoder's configuration and tensors as training starts from them, in float32.
package struct DecoderSource: Sendable {
    package let configuration: DecoderConfiguration
    private let weights: DecoderWeights

    /// Takes tensors that are not in a directory.
    package init(
        _ configuration: DecoderConfiguration, _ tensors: any TensorSource,
        kernels: Kernels = .current
    ) throws(ModelError) {
        try self.init(configuration, tensors, adapters: [], kernels)
    }

    /// Reads a directory without its texts.
    package init(directory: String, kernels: Kernels = .current) throws(ModelError) {
        var files = ModelFiles(directory: directory)
        let config = try JSONReader.object(try files.bytes("config.json"), place: "config.json")
        let configuration = try DecoderConfiguration(config)
        try self.init(configuration, try Checkpoint(&files), adapters: [], kernels)
    }

    /// Weights in 8 bits are refused: what they were rounded from is gone.
    fileprivate init(
        _ configuration: DecoderConfiguration, _ tensors: any TensorSource,
        adapters: [LoraAdapter], _ kernels: Kernels
    ) throws(ModelError) {
        guard configuration.quantization == nil else {
            throw ModelError(
                .unsupported, "the weights of '\(tensors.name)' are in 8 bits",
                hint: "Take the checkpoint that they were made from.")
        }
        self.configuration = configuration
        weights = try DecoderWeights(
            tensors, configuration, precision: .float32, adapters: adapters, kernels: kernels)
    }

    /// Names and shapes of all tensors that the configuration asks for.
    package var shapes: [String: [Int]] { DecoderTensors.shapes(configuration) }

    /// Returns a tensor's elements, with the adapters merged into them.
    package func floats(_ name: String) throws(ModelError) -> [Float] {
        try weights.tensor(name)
    }
}

/// A language model's directory as training starts from it: its tensors, its texts, its files.
package struct DecoderBase: Sendable {
    package let name: String
    package let directory: String
    package let source: DecoderSource
    /// Which model it is; adapters that were merged are part of it.
    package let identity: ModelIdentity
    package let tokenizer: Tokenizer
    /// The tokens that end a text.
    package let endTokens: Set<Int32>
    /// `config.json` as it stands in the file.
    let config: JSONObject
    let texts: LanguageModelTexts

    /// Reads everything but the weights, whose names and shapes it checks.
    ///
    /// `adapters` are directories of LoRA adapters to merge into the weights, in order.
    package init(
        directory: String, mergingAdapters adapters: [String] = [], kernels: Kernels = .current
    ) throws(ModelError) {
        var files = ModelFiles(directory: directory)
        self.directory = directory
        name = files.name
        texts = try LanguageModelTexts(&files)
        (tokenizer, endTokens) = (texts.tokenizer, texts.endTokens)
        config = try JSONReader.object(try files.bytes("config.json"), place: "config.json")
        let configuration = try DecoderConfiguration(config)
        try texts.check(configuration)
        var loaded: [LoraAdapter] = []
        for adapter in adapters {
            loaded.append(
                try LoraAdapter(directory: adapter, base: configuration, kernels: kernels))
        }
        source = try DecoderSource(
            configuration, try Checkpoint(&files), adapters: loaded, kernels)
        identity = ModelIdentity(
            model: files.sources, merged: loaded.map(\.sources), precision: .float32)
    }

    package var configuration: DecoderConfiguration { source.configuration }
}
