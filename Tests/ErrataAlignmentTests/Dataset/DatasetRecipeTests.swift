import ErrataAlignment
import ErrataTesting
import Testing

@Suite("Dataset recipe")
struct DatasetRecipeTests {
    @Test("a recipe's paths are relative to its file")
    func reads() throws {
        let folder = try PairFolder()
        let path = try folder.write(
            """
            {"training": {"rate": 1}, "dataset": {"seed": 4, "synthetic": 70,
             "sources": [{"format": "zsre", "path": "a/z.json"}, {"path": "/b/c.json"}]}}
            """, to: "reader.json")
        let expected = DatasetRecipe(
            seed: 4, syntheticCount: 70,
            sources: [
                .init(format: .zsRE, path: folder.directory.file("a/z.json")),
                .init(format: nil, path: "/b/c.json"),
            ])
        #expect(try DatasetRecipe(path: path) == expected)
    }

    @Test(
        "a recipe that breaks a rule is refused",
        arguments: [
            ("{}", "r.json: 'dataset' must be an object"),
            (
                #"{"dataset":{"seed":1,"synthetic":1,"sources":[],"rate":1}}"#,
                "r.json: dataset: key 'rate' is not known"
            ),
            (
                #"{"dataset":{"seed":-1,"synthetic":1,"sources":[]}}"#,
                "r.json: dataset: 'seed' must be an integer from 0, not -1"
            ),
            (
                #"{"dataset":{"seed":1,"synthetic":5000001,"sources":[]}}"#,
                "r.json: dataset: 'synthetic' must be at most 5000000"
            ),
            (
                #"{"dataset":{"seed":1,"synthetic":1,"sources":[{"format":"csv","path":"x"}]}}"#,
                "r.json: dataset: sources[0]: 'csv' is no format"
            ),
        ])
    func refuses(text: String, message: String) throws {
        let folder = try PairFolder()
        let path = try folder.write(text, to: "r.json")
        #expect {
            try DatasetRecipe(path: path)
        } throws: { error in
            (error as? DatasetError)?.message == message
        }
    }

    @Test("a source on the command line is a file, with its format before it or not")
    func sources() throws {
        #expect(
            try DatasetRecipe.Source(argument: "open:a:b.jsonl")
                == .init(format: .open, path: "a:b.jsonl"))
        #expect(
            try DatasetRecipe.Source(argument: "./a:b.jsonl")
                == .init(format: nil, path: "./a:b.jsonl"))
        #expect(throws: DatasetError.self) { try DatasetRecipe.Source(argument: "zrse:x.json") }
    }
}
