import ErrataModels
import Testing

@Suite("BERT encoder")
struct BertEncoderTests {
    // Sums of at most 72 products of numbers near 1 in another order than torch's, through two layers of
    // weights ten times their usual size: 2e-5 is about a hundred roundings.
    @Test("every layer's hidden states are transformers'", arguments: levels)
    func layersMatchReference(level: Kernels) throws {
        let encoder = try SentenceEncoder(
            directory: fixtures + "/tiny", threads: 1, kernels: level)
        let reference = try SafeTensors(directory: fixtures, name: "tiny-reference.safetensors")
        for (index, sentence) in try Recorded("tiny-reference.json").sentences.enumerated() {
            #expect(encoder.tokens(sentence.text).ids == sentence.ids)
            var layer = 0
            _ = encoder.model([sentence.ids]) { hidden in
                let name = "\(index).hidden.\(layer)"
                layer += 1
                do {
                    let expected = try reference.floats(name, shape: [sentence.ids.count, 32])
                    expectClose(hidden.values, expected, within: 2e-5, name)
                } catch {
                    Issue.record(error)
                }
            }
            #expect(layer == 3)
            expectClose(
                try encoder.encode(sentence.text),
                try reference.floats("\(index).vector", shape: [32]), within: 2e-6, sentence.text)
        }
    }

    @Test("sentences in one pass do not see each other")
    func passIsIndependent() throws {
        let encoder = try SentenceEncoder(directory: fixtures + "/tiny", threads: 1)
        let sentences: [[Int32]] = [[2, 5, 6, 7, 3], [2, 3], [2, 9, 9, 9, 9, 9, 9, 9, 9, 3]]
        let together = encoder.model(sentences)
        for (sentence, rows) in zip(sentences, BertEncoder.ranges(sentences)) {
            let alone = encoder.model([sentence])
            #expect(
                together.values[rows.lowerBound * 32..<rows.upperBound * 32].map(\.bitPattern)
                    == alone.values.map(\.bitPattern))
        }
    }
}
