import ErrataModels
import Foundation
import Testing

/// The real model: $ERRATA_TEST_MODEL, or the one that `errata models pull` installs.
private let directory: String? = {
    let environment = ProcessInfo.processInfo.environment
    let directory =
        environment["ERRATA_TEST_MODEL"]
        ?? (try? ModelStore.directory(environment: environment)).map { $0 + "/all-MiniLM-L6-v2" }
    guard let directory, FileManager.default.fileExists(atPath: directory + "/model.safetensors")
    else {
        print(
            """
            SKIPPED: the suite "all-MiniLM-L6-v2" needs the real model at \
            \(directory ?? "$ERRATA_TEST_MODEL"). Pull it: errata models pull all-MiniLM-L6-v2
            """)
        return nil
    }
    return directory
}()

@Suite(
    "all-MiniLM-L6-v2",
    .enabled(if: directory != nil, "all-MiniLM-L6-v2 is not installed: pull it first"))
struct MiniLMTests {
    @Test("all files are the published ones")
    func files() throws {
        let directory = try #require(directory)
        try ModelStore.check(directory: directory, against: .named("all-MiniLM-L6-v2"))
    }

    @Test("ids and truncation of 500 sentences are those of Hugging Face tokenizers")
    func ids() throws {
        let directory = try #require(directory)
        let tokenizer = try Tokenizer(
            tokenizerFile: Array(
                try Data(contentsOf: URL(fileURLWithPath: directory + "/tokenizer.json"))))
        let sentences = try Recorded("minilm-reference.json").sentences
        #expect(sentences.count == 500)
        for sentence in sentences {
            let encoding = tokenizer.encode(sentence.text, tokenCountMax: 256)
            #expect(encoding.ids == sentence.ids, "\(sentence.text.debugDescription)")
            #expect(encoding.truncatedCount == sentence.truncated)
        }
    }

    @Test("vectors of 500 sentences are transformers', cosine 1 - 1e-5 at least")
    func vectors() throws {
        let directory = try #require(directory)
        let encoder = try SentenceEncoder(directory: directory, threads: 2)
        let sentences = try Recorded("minilm-reference.json").sentences
        let reference = try SafeTensors(directory: fixtures, name: "minilm-reference.safetensors")
        let expected = try reference.floats("vectors", shape: [500, 384])
        // Plain C takes seven minutes for all of them: it gets a sample.
        let step = Kernels.current.name == "baseline" ? 30 : 1
        let chosen = Array(stride(from: 0, to: 500, by: step))
        let vectors = try encoder.encode(chosen.map { sentences[$0].text }, progress: nil)
        var worst = (cosine: 1.0, sentence: 0)
        for (row, i) in chosen.enumerated() {
            let cosine = cosine(
                vectors[row * 384..<(row + 1) * 384], expected[i * 384..<(i + 1) * 384])
            #expect(cosine >= 1 - 1e-5, "\(sentences[i].text.debugDescription)")
            if cosine < worst.cosine { worst = (cosine, i) }
        }
        print("all-MiniLM-L6-v2: worst cosine 1 - \(1 - worst.cosine), sentence \(worst.sentence)")
        // Unrounded: torch sums in another order.
        let first = try encoder.encode(sentences[..<16].map(\.text), progress: nil)
        expectClose(
            first, try reference.floats("first", shape: [16, 384]), within: 1e-6,
            "first 16")
    }

    @Test("a vector's bits depend on neither batch nor level of the kernels")
    func invariance() throws {
        let directory = try #require(directory)
        let texts = try Recorded("minilm-reference.json").sentences.map(\.text)
        let some = stride(from: 0, to: 500, by: 41).map { texts[$0] }
        let encoder = try SentenceEncoder(directory: directory, threads: 2)
        let batch = try encoder.encode(some, progress: nil)
        for (i, text) in some.enumerated() {
            #expect(
                try encoder.encode(text).map(\.bitPattern)
                    == batch[i * 384..<(i + 1) * 384].map(\.bitPattern))
        }
        for level in levels {
            let encoder = try SentenceEncoder(directory: directory, threads: 1, kernels: level)
            #expect(
                try encoder.encode(some[0]).map(\.bitPattern) == batch[..<384].map(\.bitPattern))
        }
    }

    private func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        func product(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
            zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    }
}
