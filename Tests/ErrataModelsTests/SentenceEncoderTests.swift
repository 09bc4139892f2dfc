import ErrataModels
import Foundation
import Testing

@Suite("sentence encoder")
struct SentenceEncoderTests {
    private let tiny = fixtures + "/tiny"

    private func texts(_ count: Int, seed: UInt64) -> [String] {
        var random = SplitMix(state: seed)
        let words = ["the", "capital", "river", "Queen", "x9", "你好", "?!", "speaks", "unknowable"]
        return (0..<count).map { _ in
            (0..<Int.random(in: 0...30, using: &random))
                .map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
        }
    }

    private func bits(_ vectors: some Sequence<Float>) -> [UInt32] { vectors.map(\.bitPattern) }

    @Test("a vector's bits depend on neither batch, place nor threads", arguments: [1, 2, 3])
    func batchInvariance(threads: Int) throws {
        let encoder = try SentenceEncoder(directory: tiny, threads: threads)
        let single = try SentenceEncoder(directory: tiny, threads: 1)
        var texts = texts(120, seed: 7)
        let alone = try texts.map { bits(try single.encode($0)) }
        let expected = Dictionary(zip(texts, alone)) { first, _ in first }
        var random = SplitMix(state: 8)
        for _ in 0..<4 {
            texts.shuffle(using: &random)
            let chosen = Array(texts.prefix(Int.random(in: 1...120, using: &random)))
            let vectors = try encoder.encode(chosen, progress: nil)
            for (i, text) in chosen.enumerated() {
                #expect(bits(vectors[i * 32..<(i + 1) * 32]) == expected[text], "\(text)")
            }
        }
    }

    @Test("every level of the kernels gives the same bits")
    func levelInvariance() throws {
        let texts = texts(20, seed: 9)
        let results = try levels.map { level in
            bits(
                try SentenceEncoder(directory: tiny, threads: 1, kernels: level)
                    .encode(texts, progress: nil))
        }
        for result in results { #expect(result == results[0]) }
    }

    @Test("several tasks may encode at the same time")
    func concurrency() async throws {
        let encoder = try SentenceEncoder(directory: tiny, threads: 2)
        let texts = texts(40, seed: 10)
        let expected = bits(try encoder.encode(texts, progress: nil))
        try await withThrowingTaskGroup(of: [UInt32].self) { group in
            for _ in 0..<8 {
                group.addTask { bits(try encoder.encode(texts, progress: nil)) }
            }
            for try await result in group { #expect(result == expected) }
        }
    }

    @Test("vectors have length one")
    func unitLength() throws {
        let encoder = try SentenceEncoder(directory: tiny, threads: 1)
        for text in ["", "the capital", "?"] {
            let length = try encoder.encode(text).reduce(0) { $0 + Double($1) * Double($1) }
            #expect(abs(length - 1) < 1e-6)
        }
        #expect(try encoder.encode([], progress: nil).isEmpty)
    }

    @Test("progress counts the texts that are done, up to all")
    func progress() throws {
        let encoder = try SentenceEncoder(directory: tiny, threads: 2)
        let texts = texts(300, seed: 11)
        var counts: [Int] = []
        _ = try encoder.encode(texts) { counts.append($0) }
        #expect(counts == counts.sorted())
        #expect(counts.count > 1)
        #expect(counts.last == 300)
    }

    @Test("a cancelled task stops between passes")
    func cancellation() async throws {
        let encoder = try SentenceEncoder(directory: tiny, threads: 1)
        let texts = texts(300, seed: 12)
        let task = Task {
            var done = 0
            #expect(throws: CancellationError.self) {
                _ = try encoder.encode(texts) { count in
                    done = count
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            return done
        }
        let done = await task.value
        #expect(done > 0)
        #expect(done < 300)
    }

    @Test("passes hold every sentence once and at most their limit of tokens")
    func passes() {
        var random = SplitMix(state: 13)
        for threads in [1, 2, 5] {
            let lengths = (0..<100).map { _ in Int.random(in: 2...300, using: &random) }
            let passes = SentenceEncoder.passes(lengths, threads: threads)
            #expect(passes.flatMap { $0 }.sorted() == Array(0..<100))
            for pass in passes where pass.count > 1 {
                #expect(
                    pass.reduce(0) { $0 + lengths[$1] } <= SentenceEncoder.passTokenCountMax)
            }
        }
        #expect(SentenceEncoder.passes([16, 16, 16, 16], threads: 2).map(\.count) == [2, 2])
    }

    @Test("truncation is reported")
    func truncation() throws {
        let encoder = try SentenceEncoder(directory: tiny, threads: 1)
        let text = String(repeating: "the ", count: 30)
        #expect(encoder.tokens(text).ids.count == 24)
        #expect(encoder.tokens(text).truncatedCount == 8)
        #expect(encoder.tokenCount(text) == 32)
        #expect(encoder.tokens("the river").truncatedCount == 0)
        #expect(encoder.tokenCount("the river") == 4)
    }

    @Test("the identity changes with any file that decides about a vector")
    func identity() async throws {
        let original = try SentenceEncoder(directory: tiny, threads: 1).identity
        #expect(original.count == 32)
        for (file, old, new) in [
            ("sentence_bert_config.json", "24", "23"), ("config.json", "1e-12", "1e-11"),
            (
                "tokenizer.json", "\"max_input_chars_per_word\": 100",
                "\"max_input_chars_per_word\": 99"
            ),
            ("modules.json", "\"2_Normalize\"", "\"2_normalize\""),
        ] {
            try await withTinyModel { directory in
                #expect(try SentenceEncoder(directory: directory, threads: 2).identity == original)
                try replace(old, by: new, in: directory + "/" + file)
                let changed = try SentenceEncoder(directory: directory, threads: 1).identity
                #expect(changed != original, "\(file)")
            }
        }
    }

    @Test(
        "a directory that asks for something else is refused by name",
        arguments: [
            (
                "config.json", "\"gelu\"", "\"relu\"",
                "config.json: hidden_act 'relu' is not supported, only 'gelu'"
            ),
            (
                "config.json", "\"absolute\"", "\"relative_key\"",
                "config.json: position_embedding_type 'relative_key' is not supported, only 'absolute'"
            ),
            (
                "config.json", "\"layer_norm_eps\": 1e-12,", "",
                "config.json: key 'layer_norm_eps' is missing"
            ),
            (
                "config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5",
                "config.json: hidden_size 32 is no multiple of num_attention_heads 5"
            ),
            (
                "config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3",
                "model.safetensors: tensor 'encoder.layer.2.attention.output.LayerNorm.bias' is missing"
            ),
            (
                "config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1",
                "model.safetensors: nothing uses tensor 'encoder.layer.1.attention.output.LayerNorm.bias'"
            ),
            (
                "config.json", "\"intermediate_size\": 72", "\"intermediate_size\": 71",
                "model.safetensors: tensor 'encoder.layer.0.intermediate.dense.weight' has shape [72, 32], expected [71, 32]"
            ),
            (
                "config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1e9",
                "config.json: 'num_hidden_layers' must be an integer from 1 to 256, not 1e9"
            ),
            (
                "1_Pooling/config.json", "\"pooling_mode_cls_token\": false",
                "\"pooling_mode_cls_token\": true",
                "1_Pooling/config.json: 2 poolings are chosen, it takes one of pooling_mode_mean_tokens, pooling_mode_cls_token, pooling_mode_max_tokens"
            ),
            (
                "1_Pooling/config.json", "\"pooling_mode_mean_sqrt_len_tokens\": false",
                "\"pooling_mode_mean_sqrt_len_tokens\": true",
                "1_Pooling/config.json: pooling_mode_mean_sqrt_len_tokens is not supported"
            ),
            (
                "1_Pooling/config.json", "\"pooling_mode_mean_tokens\": true",
                "\"pooling_mode_mean_tokens\": false",
                "1_Pooling/config.json: 0 poolings are chosen, it takes one of pooling_mode_mean_tokens, pooling_mode_cls_token, pooling_mode_max_tokens"
            ),
            (
                "1_Pooling/config.json", "32", "33",
                "1_Pooling/config.json: word_embedding_dimension is 33, hidden_size is 32"
            ),
            (
                "modules.json", "models.Normalize", "models.Dense",
                "modules.json: modules [\"Transformer\", \"Pooling\", \"Dense\"] are not supported, only a Transformer in this directory, Pooling and perhaps Normalize"
            ),
            (
                "modules.json", "\"1_Pooling\"", "\"../../etc\"",
                "modules.json: pooling path '../../etc' is not a directory name"
            ),
            (
                "sentence_bert_config.json", "24", "41",
                "sentence_bert_config.json: 'max_seq_length' must be an integer from 3 to 40, not 41"
            ),
            (
                "sentence_bert_config.json", "false", "true",
                "sentence_bert_config.json: do_lower_case is not supported, the tokenizer decides"
            ),
        ])
    func refusals(file: String, old: String, new: String, message: String) async throws {
        try await withTinyModel { directory in
            try replace(old, by: new, in: directory + "/" + file)
            let error = try modelError {
                _ = try SentenceEncoder(directory: directory, threads: 1)
            }
            #expect(error.message == message)
        }
    }

    @Test("a tokenizer that leaves no room for a text is refused")
    func noRoom() async throws {
        try await withTinyModel { directory in
            let ids = [String](repeating: "2", count: 24).joined(separator: ", ")
            try replace(
                "\"ids\": [\n          2\n        ]", by: "\"ids\": [\(ids)]",
                in: directory + "/tokenizer.json")
            let error = try modelError {
                _ = try SentenceEncoder(directory: directory, threads: 1)
            }
            #expect(
                error.message
                    == "the tokenizer puts 25 tokens around a text, max_seq_length is 24")
        }
    }

    @Test("a missing file and a senseless number of threads are errors")
    func missing() async throws {
        try await withTinyModel { directory in
            for file in [
                "config.json", "modules.json", "model.safetensors", "1_Pooling/config.json",
            ] {
                let path = directory + "/" + file
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                try FileManager.default.removeItem(atPath: path)
                let error = try modelError {
                    _ = try SentenceEncoder(directory: directory, threads: 1)
                }
                #expect(error.message == "cannot read \(path): No such file or directory")
                try bytes.write(to: URL(fileURLWithPath: path))
            }
        }
        for threads in [0, -1, 257] {
            let error = try modelError {
                _ = try SentenceEncoder(directory: tiny, threads: threads)
            }
            #expect(error.code == .limit)
        }
    }

    @Test("weights that overflow on a text give an error and no vector")
    func overflow() async throws {
        try await withTinyModel { directory in
            let path = directory + "/model.safetensors"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let start = bytes.count - 32 * 72 * 4
            for i in stride(from: start, to: bytes.count, by: 4) {
                bytes.replaceSubrange(i..<i + 4, with: [0xFF, 0xFF, 0x7F, 0x7F])
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            let encoder = try SentenceEncoder(directory: directory, threads: 1)
            let error = try modelError { _ = try encoder.encode("the river") }
            #expect(error.message.hasPrefix("the model gives"))
        }
    }

    @Test("a checkpoint's list of positions is no parameter")
    func parameters() async throws {
        let before = try SentenceEncoder(directory: tiny, threads: 1).parameters()
        try await withTinyModel { directory in
            let path = directory + "/model.safetensors"
            var stored = try StoredTensors(path)
            stored.tensors["embeddings.position_ids"] = .init(
                type: "I64", shape: [1, 24], bytes: Data(count: 192))
            try stored.write(to: path)
            let after = try SentenceEncoder(directory: directory, threads: 1).parameters()
            #expect(after == before)
        }
        #expect(before.count > 0 && before.byteCounts == ["F32": 4 * before.count])
    }

    @Test("in 8 bits vectors are near, called otherwise, and the same at every level")
    func quantized() throws {
        let texts = ["the cat sat", "a dog", "x y z"]
        var seen: [[Float]] = []
        for level in levels {
            let exact = try SentenceEncoder(
                directory: fixtures + "/tiny", threads: 1, kernels: level)
            let rounded = try SentenceEncoder(exact, precision: .int8)
            #expect(rounded.identity != exact.identity && rounded.width == exact.width)
            let vectors = try rounded.encode(texts, progress: nil)
            let expected = try exact.encode(texts, progress: nil)
            for i in texts.indices {
                let range = i * exact.width..<(i + 1) * exact.width
                let cosine = zip(vectors[range], expected[range]).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(cosine > 0.98)
            }
            seen.append(vectors)
        }
        for vectors in seen { #expect(vectors == seen[0]) }
    }
}
