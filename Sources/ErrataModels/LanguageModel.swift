/// A decoder with its tokenizer, as a Hugging Face directory holds them.
package struct LanguageModel: Sendable {
    package let decoder: CausalDecoder
    package let tokenizer: Tokenizer
    /// Which model it is.
    package let identity: ModelIdentity
    /// The tokens that end a text: `eos_token_id` of `generation_config.json`, else of `config.json`.
    package let endTokens: Set<Int32>
    let texts: LanguageModelTexts

    /// Loads `config.json`, the weights, `tokenizer.json` and, where they are there, `generation_config.json`,
    /// `tokenizer_config.json` and `chat_template.jinja`.
    ///
    /// `adapters` are directories of LoRA adapters to merge into the weights. Costs the time of reading the
    /// weights once, and of making them 8-bit if `precision` says so.
    package init(
        directory: String, precision: Linear.Precision = .float32, threads: Int,
        mergingAdapters adapters: [String] = []
    ) throws(ModelError) {
        try self.init(
            ModelFiles(directory: directory), precision: precision, threads: threads,
            mergingAdapters: adapters)
    }

    /// Loads the files from where `place` says.
    init(
        _ place: ModelFiles, precision: Linear.Precision, threads: Int,
        mergingAdapters adapters: [String] = []
    ) throws(ModelError) {
        var files = place
        let texts = try LanguageModelTexts(&files)
        (tokenizer, endTokens) = (texts.tokenizer, texts.endTokens)
        self.texts = texts
        decoder = try CausalDecoder(
            &files, precision: precision, threads: threads, mergingAdapters: adapters)
        identity = ModelIdentity(
            model: files.sources, merged: decoder.mergedAdapters, precision: decoder.precision)
        try texts.check(decoder.configuration)
    }

    /// Puts a decoder whose weights were changed in memory to the texts of the base that it was made of.
    ///
    /// Its identity is the base's.
    package init(_ base: DecoderBase, decoder: CausalDecoder) {
        self.decoder = decoder
        (tokenizer, endTokens, texts) = (base.tokenizer, base.endTokens, base.texts)
        identity = base.identity
    }

    /// Whether the directory says how a chat is put to the model.
    package var hasChatTemplate: Bool { texts.hasChatTemplate }

    /// Who says something in a chat: `system`, `user` or `assistant`, and what.
    package typealias Message = (role: String, content: String)

    /// Returns the tokens after which the model says the next message of a chat.
    ///
    /// Throws `unsupported` for a model without a chat template, or with one that is not supported.
    package func prompt(of chat: [Message]) throws(ModelError) -> [Int32] {
        try texts.prompt(of: chat, model: decoder.name)
    }

    /// Returns the same for messages that people wrote: none becomes a special token.
    ///
    /// A model without a chat template gets the last message as plain text.
    package func prompt(of chat: [ChatMessage]) throws(ModelError) -> [Int32] {
        try texts.prompt(of: chat, model: decoder.name)
    }

    /// What a text is to be continued with.
    package struct Request: Sendable {
        package var tokenCountMax: Int
        package var sampling: Sampling
        package var stopStrings: [String]

        package init(
            tokenCountMax: Int, sampling: Sampling = .greedy, stopStrings: [String] = []
        ) {
            self.tokenCountMax = tokenCountMax
            self.sampling = sampling
            self.stopStrings = stopStrings
        }
    }

    /// Returns the continuation of `prompt`, piece by piece, none of which splits a character.
    ///
    /// Special tokens are put around the prompt as the tokenizer says, and left out of the answer.
    package func text(continuing prompt: String, _ request: Request) throws -> GeneratedText {
        try text(continuing: tokenizer.encode(prompt), request)
    }

    /// Returns the continuation of a prompt in tokens.
    package func text(continuing prompt: [Int32], _ request: Request) throws -> GeneratedText {
        let generation = try Generation(
            decoder, prompts: [prompt], caches: [try decoder.makeCache()],
            options: [
                GenerationOptions(
                    tokenCountMax: request.tokenCountMax, stopTokens: endTokens,
                    sampling: request.sampling)
            ])
        return GeneratedText(
            tokens: TokenStream(generation), decoder: tokenizer.streamDecoder(),
            stops: StopStrings(request.stopStrings), endTokens: endTokens)
    }
}

/// A text as it comes.
package struct GeneratedText: AsyncSequence, Sendable {
    /// A piece of the text, possibly empty.
    package struct Piece: Equatable, Sendable {
        package let text: String
        /// How many tokens were generated so far.
        package let tokenCount: Int
        /// Why the text ends with this piece, if it does.
        package let end: GenerationEnd?
    }

    package typealias Element = Piece

    fileprivate let tokens: TokenStream
    fileprivate let decoder: StreamDecoder
    fileprivate let stops: StopStrings
    fileprivate let endTokens: Set<Int32>

    package func makeAsyncIterator() -> Iterator {
        Iterator(
            tokens: tokens.makeAsyncIterator(), decoder: decoder, stops: stops,
            endTokens: endTokens)
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate var tokens: TokenStream.Iterator
        fileprivate var decoder: StreamDecoder
        fileprivate var stops: StopStrings
        fileprivate let endTokens: Set<Int32>
        private var tokenCount = 0
        private var isDone = false

        fileprivate init(
            tokens: TokenStream.Iterator, decoder: StreamDecoder, stops: StopStrings,
            endTokens: Set<Int32>
        ) {
            self.tokens = tokens
            self.decoder = decoder
            self.stops = stops
            self.endTokens = endTokens
        }

        package mutating func next() async throws -> Piece? {
            guard !isDone, let step = try await tokens.next() else { return nil }
            tokenCount += 1
            let isEndToken = endTokens.contains(step.token.token)
            var piece = isEndToken ? "" : decoder.append(step.token.token)
            if step.end != nil { piece += decoder.finish() }
            var (text, isStopped) = stops.append(piece)
            if step.end != nil, !isStopped { text += stops.finish() }
            isDone = isStopped || step.end != nil
            return Piece(
                text: text, tokenCount: tokenCount, end: isStopped ? .stopped : step.end)
        }
    }
}
