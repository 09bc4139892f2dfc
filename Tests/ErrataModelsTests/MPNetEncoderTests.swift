import ErrataModels
import Foundation
import Testing

@Suite("MPNet encoder")
struct MPNetEncoderTests {
    // As for BERT: sums in another order than torch's, through two layers of large weights.
    @Test("every layer's hidden states are transformers'", arguments: levels)
    func layersMatchReference(level: Kernels) throws {
        let encoder = try SentenceEncoder(
            directory: fixtures + "/mpnet", threads: 1, kernels: level)
        #expect(!encoder.isNormalized)
        #expect(encoder.tokenCountMax == 200)
        let reference = try SafeTensors(directory: fixtures, name: "mpnet-reference.safetensors")
        let recorded = try Recorded("mpnet-reference.json").sentences
        #expect(recorded.map(\.ids.count).max() == 200)
        for (index, sentence) in recorded.enumerated() {
            #expect(encoder.tokens(sentence.text).ids == sentence.ids)
            let shape = [sentence.ids.count, 24]
            var layer = 0
            var last: [Float] = []
            _ = encoder.model([sentence.ids]) { hidden in
                let name = "\(index).hidden.\(layer)"
                layer += 1
                do {
                    last = try reference.floats(name, shape: shape)
                    expectClose(hidden.values, last, within: 4e-5, name)
                } catch {
                    Issue.record(error)
                }
            }
            #expect(layer == 3)
            expectClose(
                try encoder.encode(sentence.text), Array(last.prefix(24)), within: 4e-5,
                sentence.text)
        }
    }

    @Test("the distance of two tokens falls into transformers' bucket")
    func buckets() throws {
        let expected = try #require(try Recorded("mpnet-reference.json").buckets)
        #expect((-200...200).map(RelativeBias.bucket) == expected)
    }

    @Test("other numbers of buckets are refused by name")
    func otherBuckets() throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "mpnet-\(UUID())")
        defer { try? FileManager.default.removeItem(at: copy) }
        try FileManager.default.copyItem(atPath: fixtures + "/mpnet", toPath: copy.path)
        let file = copy.appending(path: "config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacing("_buckets\": 32", with: "_buckets\": 16")
            .write(to: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: ModelError.self) {
            try SentenceEncoder(directory: copy.path, threads: 1)
        }
        #expect(
            error?.message == "config.json: relative_attention_num_buckets must be 32")
    }
}
