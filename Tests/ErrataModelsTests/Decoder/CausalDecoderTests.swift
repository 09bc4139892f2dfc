import ErrataModels
import Foundation
import Testing

@Suite("decoders")
struct CausalDecoderTests {
    private let prompt: [Int32] = (0..<60).map { $0 * 7 % 90 }

    @Test(
        "kernel level, threads and how a prompt is cut leave no trace",
        arguments: ["llama-odd", "mistral-window", "qwen3"],
        [Linear.Precision.float32, .int8])
    func sameBits(name: String, precision: Linear.Precision) throws {
        let decoder = try tinyDecoder(name, precision: precision)
        var cache = try decoder.makeCache()
        let expected = bits(try decoder.logits(prompt, &cache))
        for level in levels {
            let other = try tinyDecoder(name, precision: precision, threads: 3, kernels: level)
            var cache = try other.makeCache()
            var actual: [UInt32] = []
            for part in [prompt[..<1], prompt[1..<18], prompt[18..<19], prompt[19...]] {
                actual += bits(try other.logits(Array(part), &cache))
            }
            #expect(actual == expected, "\(level.name)")
            #expect(cache.count == prompt.count)
        }
    }

    @Test("a sequence in a batch gets the bits that it gets alone")
    func batch() throws {
        let decoder = try tinyDecoder("qwen2-window", threads: 2)
        let prompts: [[Int32]] = [[5], prompt, Array(repeating: 3, count: 300), [9, 8, 7]]
        var caches = try prompts.map { _ in try decoder.makeCache() }
        let together = try decoder.hiddenStates(prompts, &caches)
        for (sequence, states) in zip(prompts, together) {
            var alone = [try decoder.makeCache()]
            #expect(bits(try decoder.hiddenStates([sequence], &alone)[0]) == bits(states))
        }
    }

    @Test("a cache that is copied and one that is cut go on like a fresh one")
    func prefix() throws {
        let decoder = try tinyDecoder("llama-3")
        var shared = try decoder.makeCache()
        _ = try decoder.logits(Array(prompt[..<40]), &shared)
        var fresh = try decoder.makeCache()
        let all = bits(try decoder.logits(prompt, &fresh))
        var fork = shared
        _ = try decoder.logits([1, 2, 3], &shared)
        let tail = bits(try decoder.logits(Array(prompt[40...]), &fork))
        #expect(tail == Array(all.suffix(tail.count)))
        fork.truncate(to: 20)
        let again = bits(try decoder.logits(Array(prompt[20...]), &fork))
        #expect(again == Array(all.suffix(again.count)))
        #expect(shared.count == 43)
    }

    @Test("continuations are scored as the logits of the whole text say")
    func scores() throws {
        let decoder = try tinyDecoder("mistral-shards")
        let (head, tail) = (Array(prompt[..<10]), Array(prompt[10...]))
        let scores = try decoder.scores(
            prompt: head, continuations: [tail, [4], []], cache: try decoder.makeCache())
        #expect(scores.map(\.count) == [tail.count, 1, 0])
        var cache = try decoder.makeCache()
        let logits = try decoder.logits(prompt, &cache)
        for (index, score) in scores[0].enumerated() {
            let row = logits[9 + index].map(Double.init)
            let largest = row.max() ?? 0
            let sum = row.reduce(0) { $0 + exponential($1 - largest) }
            let share = exponential(row[Int(tail[index])] - largest) / sum
            #expect(abs(exponential(Double(score.logProbability)) - share) < 1e-6)
            #expect(score.token == tail[index])
            #expect(score.isMostLikely == (row[Int(tail[index])] == largest))
        }
    }

    @Test("16-bit weights stay in 16 bits, 8-bit ones in 8, and tied ones are held once")
    func memory() throws {
        let half = try tinyDecoder("qwen2").byteCount
        let rounded = try tinyDecoder("qwen2", precision: .int8).byteCount
        #expect(rounded < half)
        // Outputs in whole panels of 48: 33,024 weights of 2 bytes; 80 biases of 4.
        #expect(half == 2 * 33_024 + 4 * 80)
    }

    @Test("several adapters over one base work side by side in one batch")
    func adapters() throws {
        let decoder = try tinyDecoder("llama")
        let adapters = try ["llama-lora", "llama-rslora"].map {
            try LoraAdapter(
                directory: decoderFixtures + "/" + $0, base: decoder.configuration,
                kernels: .current)
        }
        var caches = [try decoder.makeCache()]
        for adapter in adapters { caches.append(try decoder.makeCache(adapter: adapter)) }
        let together = try decoder.hiddenStates([prompt, prompt, prompt], &caches)
        #expect(bits(together[0]) != bits(together[1]))
        #expect(bits(together[1]) != bits(together[2]))
        for (states, adapter) in zip(together, [nil] + adapters) {
            var alone = [try decoder.makeCache(adapter: adapter)]
            #expect(bits(try decoder.hiddenStates([prompt], &alone)[0]) == bits(states))
        }
    }

    @Test("tokens outside the vocabulary and texts past the last position are errors")
    func limits() throws {
        let decoder = try tinyDecoder("llama")
        var caches = [try decoder.makeCache()]
        for token in [-1, 96, Int32.max, Int32.min] {
            let error = try modelError { _ = try decoder.hiddenStates([[1, token]], &caches) }
            #expect(
                error.message == "token \(token) is not in 0..<96, the vocabulary of 'llama'")
        }
        let error = try modelError {
            _ = try decoder.hiddenStates([[Int32](repeating: 1, count: 513)], &caches)
        }
        #expect(error.message == "513 tokens are more than the 512 positions of 'llama'")
        #expect(caches[0].count == 0)
    }

    @Test("an adapter of other layers is an error")
    func otherAdapter() throws {
        let base = try tinyDecoder("qwen3")
        let adapter = try LoraAdapter(
            directory: decoderFixtures + "/qwen3-lora", base: base.configuration,
            kernels: .current)
        let other = try tinyDecoder("llama")
        let error = try modelError { _ = try other.makeCache(adapter: adapter) }
        #expect(error.message == "adapter 'qwen3-lora' was not made for 'llama'")
    }
}
