import ErrataModels
import Foundation
import Testing

@Suite("generation")
struct GenerationTests {
    private let prompts: [[Int32]] = [[3, 4, 5], [9], [7, 7, 7, 7, 7, 7]]

    private func generate(
        _ decoder: CausalDecoder, _ prompts: [[Int32]], _ options: [GenerationOptions]
    ) throws -> [Generation.Sequence] {
        var generation = try Generation(
            decoder, prompts: prompts, caches: try prompts.map { _ in try decoder.makeCache() },
            options: options)
        return try generation.run()
    }

    @Test("texts of a batch, greedy and drawn, are those that each gets alone")
    func batch() throws {
        let decoder = try tinyDecoder("qwen3")
        let options = [
            GenerationOptions(tokenCountMax: 30),
            GenerationOptions(
                tokenCountMax: 20,
                sampling: .random(temperature: 0.8, topK: 20, topP: 0.9, seed: 7)),
            GenerationOptions(
                tokenCountMax: 25,
                sampling: .random(temperature: 2, topK: nil, topP: nil, seed: 8)),
        ]
        let together = try generate(decoder, prompts, options)
        #expect(together.map(\.tokens.count) == [30, 20, 25])
        for index in prompts.indices {
            let alone = try generate(decoder, [prompts[index]], [options[index]])[0]
            #expect(alone.tokens == together[index].tokens)
            #expect(alone.end == .tokenCount)
        }
    }

    @Test("a seed gives one text, another seed another")
    func seeds() throws {
        let decoder = try tinyDecoder("llama")
        func text(_ seed: UInt64) throws -> [ScoredToken] {
            let sampling = Sampling.random(temperature: 1, topK: nil, topP: nil, seed: seed)
            return try generate(
                decoder, [[1, 2]], [GenerationOptions(tokenCountMax: 40, sampling: sampling)])[0]
                .tokens
        }
        #expect(try text(1) == text(1))
        #expect(try text(1) != text(2))
    }

    @Test("one candidate, by top-k or top-p, is the greedy one")
    func oneCandidate() throws {
        let decoder = try tinyDecoder("llama")
        let samplings: [Sampling] = [
            .greedy, .random(temperature: 3, topK: 1, topP: nil, seed: 5),
            .random(temperature: 3, topK: nil, topP: 1e-6, seed: 6),
        ]
        let texts = try samplings.map {
            try generate(
                decoder, [[11, 12]], [GenerationOptions(tokenCountMax: 30, sampling: $0)])[0].tokens
        }
        #expect(texts[1] == texts[0])
        #expect(texts[2] == texts[0])
    }

    @Test("draws follow the shares of the tokens that top-k leaves")
    func shares() throws {
        let decoder = try tinyDecoder("llama")
        var cache = try decoder.makeCache()
        let logits = try decoder.logits([1, 2], &cache)[1].map { Double($0) }
        let top = logits.enumerated().sorted { $0.element > $1.element }.prefix(3)
        let powers = top.map { exponential($0.element / 4) }
        let sum = powers.reduce(0, +)
        var counts: [Int32: Int] = [:]
        for seed in 0..<3000 {
            let sampling = Sampling.random(
                temperature: 4, topK: 3, topP: nil, seed: UInt64(seed) &* 0x9E37_79B9)
            let token = try generate(
                decoder, [[1, 2]], [GenerationOptions(tokenCountMax: 1, sampling: sampling)])[0]
                .tokens[0].token
            counts[token, default: 0] += 1
        }
        #expect(counts.count == 3)
        for (candidate, power) in zip(top, powers) {
            let share = Double(counts[Int32(candidate.offset)] ?? 0) / 3000
            // Five standard deviations of 3000 draws.
            #expect(abs(share - power / sum) < 0.046)
        }
    }

    @Test("a share that all tokens are needed for cuts none")
    func wholeNucleus() throws {
        let decoder = try tinyDecoder("llama")
        let samplings: [Sampling] = [
            .random(temperature: 9, topK: 96, topP: nil, seed: 3),
            .random(temperature: 9, topK: 96, topP: 1, seed: 3),
            .random(temperature: 9, topK: nil, topP: 1, seed: 3),
            .random(temperature: 9, topK: 5000, topP: nil, seed: 3),
        ]
        let texts = try samplings.map {
            try generate(
                decoder, [[1, 2]], [GenerationOptions(tokenCountMax: 60, sampling: $0)])[0].tokens
        }
        for text in texts { #expect(text == texts[0]) }
        #expect(Set(texts[0].map(\.token)).count > 20)
    }

    @Test("a text ends at a stop token, where the caller says, and at the last position")
    func ends() throws {
        let decoder = try tinyDecoder("llama")
        let tokens = try generate(decoder, [[3]], [GenerationOptions(tokenCountMax: 20)])[0]
            .tokens.map(\.token)
        let third = tokens[2]
        let first = try #require(tokens.firstIndex(of: third))
        let stopped = try generate(
            decoder, [[3]], [GenerationOptions(tokenCountMax: 20, stopTokens: [third])])[0]
        #expect(stopped.end == .stopToken(third))
        #expect(stopped.tokens.map(\.token) == Array(tokens[...first]))
        let asked = try generate(
            decoder, [[3]], [GenerationOptions(tokenCountMax: 20, stops: { $0.count == 5 })])[0]
        #expect(asked.end == .stopped)
        #expect(asked.tokens.count == 5)
        let full = try generate(
            decoder, [[Int32](repeating: 4, count: 510)], [GenerationOptions(tokenCountMax: 20)])[0]
        #expect(full.end == .positions)
        // The last of the three takes no position.
        #expect(full.tokens.count == 3)
    }

    @Test("the stream gives the tokens of the generation, and a cancelled task gets no more")
    func stream() async throws {
        let decoder = try tinyDecoder("llama")
        let generation = try Generation(
            decoder, prompts: [[3], [4, 5]],
            caches: [try decoder.makeCache(), try decoder.makeCache()],
            options: [GenerationOptions(tokenCountMax: 6), GenerationOptions(tokenCountMax: 9)])
        var copy = generation
        let expected = try copy.run()
        var texts: [[ScoredToken]] = [[], []]
        for try await step in TokenStream(generation) { texts[step.sequence].append(step.token) }
        #expect(texts == expected.map(\.tokens))

        let task = Task {
            var count = 0
            for try await _ in TokenStream(generation) {
                count += 1
                if count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return count
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    @Test("a prompt is given up between passes")
    func cancellation() throws {
        let decoder = try tinyDecoder("llama")
        var caches = [try decoder.makeCache()]
        var asked = 0
        #expect(throws: CancellationError.self) {
            _ = try decoder.hiddenStates(
                [[Int32](repeating: 1, count: 500)], &caches,
                isCancelled: {
                    asked += 1
                    return asked == 2
                })
        }
        #expect(caches[0].count == 256)
    }

    @Test("options out of their range are errors that name them")
    func options() throws {
        let decoder = try tinyDecoder("llama")
        func message(_ options: GenerationOptions, prompt: [Int32] = [1]) throws -> String {
            try modelError {
                _ = try Generation(
                    decoder, prompts: [prompt], caches: [try decoder.makeCache()],
                    options: [options])
            }.message
        }
        #expect(
            try message(GenerationOptions(tokenCountMax: 0))
                == "the number of tokens must lie in 1...1048576, not 0")
        func drawn(_ temperature: Float, _ topK: Int?, _ topP: Float?) -> GenerationOptions {
            GenerationOptions(
                tokenCountMax: 1,
                sampling: .random(temperature: temperature, topK: topK, topP: topP, seed: 1))
        }
        #expect(
            try message(drawn(0, nil, nil)) == "temperature must lie in 0...100, not 0.0")
        #expect(
            try message(drawn(.nan, nil, nil)) == "temperature must lie in 0...100, not nan")
        #expect(try message(drawn(1, 0, nil)) == "top-k must be 1 or more, not 0")
        #expect(try message(drawn(1, nil, 1.5)) == "top-p must lie in 0...1, not 1.5")
        #expect(
            try message(GenerationOptions(tokenCountMax: 1), prompt: [])
                == "prompt 0 has no token")
    }
}
