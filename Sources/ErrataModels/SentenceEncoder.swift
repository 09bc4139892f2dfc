import CErrataKernels
import Crypto
import Synchronization

/// Turns sentences into vectors: BERT or MPNet, a pooling of its tokens and length 1, as the directory says.
///
/// A sentence's vector has the same bits whatever it is encoded with, wherever it stands in a batch,
/// and whatever the number of threads and the level of the kernels.
///
/// Instances hold no mutable state: any number of threads may encode at the same time.
/// The threads of one encoder share the passes of a batch, or the products of a text alone.
package final class SentenceEncoder: Sendable {
    /// Tokens that one pass of the model takes at most, unless one sentence alone has more.
    package static let passTokenCountMax = 256
    static let threadCountMax = 256

    /// Floats of one vector.
    package let width: Int
    /// SHA-256 over names, lengths and bytes of all files that decide about a vector.
    package let identity: [UInt8]
    /// The directory's last component.
    package let name: String
    /// Tokens of one text, special ones included; the rest of a longer one is left out.
    package let tokenCountMax: Int
    /// Whether vectors have length 1; if not, they are made to be compared by their dot product.
    package let isNormalized: Bool
    private let pooling: Pooling

    package let model: BertEncoder
    let tokenizer: Tokenizer
    let checkpoint: SafeTensors
    private let threads: Int
    /// Shares the products of a pass that is alone; nil for one thread.
    private let pool: WorkerPool?
    package let kernels: Kernels

    /// Loads a sentence-transformers directory, for example all-MiniLM-L6-v2.
    package convenience init(directory: String, threads: Int) throws {
        try Kernels.checkEnvironment()
        try self.init(directory: directory, threads: threads, kernels: .current)
    }

    /// Makes an encoder of the same checkpoint that computes otherwise; word embeddings are shared.
    ///
    /// In 8 bits it is about three times as fast and its vectors are near `base`'s, not the same: they may
    /// be compared with those, but never kept beside them.
    package init(_ base: SentenceEncoder, precision: Linear.Precision) throws(ModelError) {
        let weights = try BertWeights(
            base.checkpoint, base.model.configuration, kernels: base.kernels, precision: precision)
        model = try BertEncoder(
            changing: base.model, by: weights,
            segments: try weights.segments(base.model.configuration),
            kernels: base.kernels)
        (width, tokenCountMax, name) = (base.width, base.tokenCountMax, base.name)
        (pooling, isNormalized) = (base.pooling, base.isNormalized)
        identity = Array(
            SHA256.hash(data: base.identity + Array(" \(precision.rawValue)".utf8)))
        (tokenizer, checkpoint) = (base.tokenizer, base.checkpoint)
        (threads, pool, kernels) = (base.threads, base.pool, base.kernels)
    }

    /// Loads a directory to run on one level of the kernels.
    package init(directory: String, threads: Int, kernels: Kernels) throws {
        guard (1...Self.threadCountMax).contains(threads) else {
            throw ModelError(
                .limit, "\(threads) threads, expected from 1 to \(Self.threadCountMax)")
        }
        var files = ModelFiles(directory: directory)
        let configuration = try BertConfiguration(
            try JSONReader.object(try files.bytes("config.json"), place: "config.json"))
        let modules = try SentenceModules(
            modules: try files.bytes("modules.json"),
            transformer: try files.bytes("sentence_bert_config.json"),
            positionCount: configuration.positionCount)
        let pooling = modules.poolingDirectory + "/config.json"
        self.pooling = try Pooling(
            try files.bytes(pooling), width: configuration.width, place: pooling)
        isNormalized = modules.isNormalized
        tokenizer = try files.tokenizer()
        guard tokenizer.idCount <= configuration.vocabularyCount else {
            throw ModelError(
                .mismatch,
                "the tokenizer has \(tokenizer.idCount) tokens, config.json's vocab_size "
                    + "is \(configuration.vocabularyCount)")
        }
        guard tokenizer.specialCount < modules.tokenCountMax else {
            throw ModelError(
                .mismatch,
                "the tokenizer puts \(tokenizer.specialCount) tokens around a text, "
                    + "max_seq_length is \(modules.tokenCountMax)")
        }
        checkpoint = try SafeTensors(try files.map("model.safetensors"))
        model = try BertEncoder(configuration, checkpoint, kernels: kernels)
        width = configuration.width
        tokenCountMax = modules.tokenCountMax
        identity = files.identity()
        name = files.name
        self.threads = threads
        pool = threads > 1 ? WorkerPool(threads: threads) : nil
        self.kernels = kernels
    }

    /// Returns how many parameters the checkpoint holds, and how many bytes of each type.
    package func parameters() throws(ModelError) -> (count: Int, byteCounts: [String: Int]) {
        var count = 0
        var byteCounts: [String: Int] = [:]
        for (name, shape) in checkpoint.shapes where name != BertWeights.positionsName {
            let type = try checkpoint.type(of: name)
            let numbers = shape.reduce(1, *)
            count += numbers
            byteCounts[type, default: 0] +=
                numbers * (try SafeTensors.elementByteCount(type, place: name))
        }
        return (count, byteCounts)
    }

    /// The style of the tokenizer in a few words.
    package var tokenizerKind: String { tokenizer.kind }

    /// Returns the checkpoint's tensors as they lie in the file.
    package func weights() throws(ModelError) -> BertWeights {
        try BertWeights(checkpoint, model.configuration, kernels: kernels)
    }

    /// Returns what makes pairs for a reader from this encoder's tokens.
    package func pairTokenizer() throws(ModelError) -> PairTokenizer {
        try PairTokenizer(tokenizer)
    }

    /// Returns how many tokens a text has, special ones included, before truncation.
    package func tokenCount(_ text: String) -> Int {
        let encoding = tokenizer.encode(text, tokenCountMax: tokenCountMax)
        return encoding.ids.count + encoding.truncatedCount
    }

    /// Returns the ids of a text and how many tokens are left out because it is too long.
    package func tokens(_ text: String) -> Tokenizer.Encoding {
        tokenizer.encode(text, tokenCountMax: tokenCountMax)
    }

    /// Returns one vector.
    package func encode(_ text: String) throws -> [Float] {
        try encode([text], progress: nil)
    }

    /// Returns the vectors of the texts, (texts, width), in their order.
    ///
    /// `progress` hears how many texts are done. Throws `CancellationError` between passes if the task
    /// is cancelled. Texts of more than `tokenCountMax` tokens are cut; `tokens` tells.
    package func encode(_ texts: [String], progress: ((Int) -> Void)?) throws -> [Float] {
        let sentences = try tokenized(texts)
        let passes = Self.passes(sentences.map(\.count), threads: threads)
        let vectors = Mutex([Float](repeating: 0, count: texts.count * width))
        var doneCount = 0
        for first in stride(from: 0, to: passes.count, by: threads) {
            try Task.checkCancellation()
            let wave = passes[first..<min(first + threads, passes.count)]
            Workers.run(wave.count) { i in
                let pass = wave[first + i]
                let rows = self.vectors(
                    pass.map { sentences[$0] }, wave.count == 1 ? self.pool : nil)
                vectors.withLock { vectors in
                    for (row, sentence) in pass.enumerated() {
                        vectors.replaceSubrange(
                            sentence * width..<(sentence + 1) * width,
                            with: rows[row * width..<(row + 1) * width])
                    }
                }
            }
            doneCount += wave.reduce(0) { $0 + $1.count }
            progress?(doneCount)
        }
        return try Self.checked(vectors.withLock { $0 }, width: width)
    }

    private func tokenized(_ texts: [String]) throws -> [[Int32]] {
        try texts.enumerated().map { index, text in
            if index.isMultiple(of: 1024) { try Task.checkCancellation() }
            return tokens(text).ids
        }
    }

    /// Groups sentences of these lengths into passes of the model, similar lengths together.
    package static func passes(_ lengths: [Int], threads: Int) -> [[Int]] {
        let order = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        // A small job is still shared among the threads.
        let share = (lengths.reduce(0, +) + threads - 1) / threads
        let limit = min(passTokenCountMax, max(share, 1))
        var passes: [[Int]] = []
        var tokenCount = 0
        for sentence in order {
            if passes.isEmpty || tokenCount + lengths[sentence] > limit {
                passes.append([])
                tokenCount = 0
            }
            passes[passes.count - 1].append(sentence)
            tokenCount += lengths[sentence]
        }
        return passes
    }

    /// Returns the vectors of one pass, (sentences, width).
    private func vectors(_ sentences: [[Int32]], _ pool: WorkerPool?) -> [Float] {
        let hidden = model(sentences, pool: pool)
        return BertEncoder.ranges(sentences).flatMap { rows in
            let vector = pooling.vector(hidden, rows: rows)
            return isNormalized ? unit(vector) : vector
        }
    }

    /// Returns x / |x|.
    private func unit(_ x: [Float]) -> [Float] {
        let length = kernels.functions.dot_f32(x, x, x.count).squareRoot()
        // The bound of torch's `normalize`.
        let divisor = max(length, 1e-12)
        return x.map { $0 / divisor }
    }

    /// Passes vectors on if all of them are finite: weights can overflow on a text.
    private static func checked(_ vectors: [Float], width: Int) throws(ModelError) -> [Float] {
        if let place = vectors.firstIndex(where: { !$0.isFinite }) {
            throw ModelError(
                .malformed, "the model gives \(vectors[place]) for text \(place / width)")
        }
        return vectors
    }
}
