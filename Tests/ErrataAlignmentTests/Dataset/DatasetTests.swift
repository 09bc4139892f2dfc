import ErrataAlignment
import ErrataCore
import ErrataTesting
import Foundation
import Testing

/// A directory of a test's own with files in it.
struct PairFolder {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func write(_ text: String, to name: String) throws -> String {
        let path = directory.file(name)
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: directory.file(name))))
    }

    func lines(_ name: String) throws -> [[UInt8]] {
        try bytes(name).split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }
}

@Suite("Dataset")
struct DatasetTests {
    static func input() throws -> DatasetInput {
        try DatasetInput(Array(DatasetInputTests.knowEdit.utf8), format: .knowEdit, name: "k.json")
    }

    static func written() throws -> (folder: PairFolder, statistics: DatasetStatistics) {
        let folder = try PairFolder()
        let dataset = try Dataset([try input()], syntheticCount: 1_500, seed: 9)
        return (folder, try dataset.write(to: folder.directory.path))
    }

    @Test("the same inputs and seed give the same bytes")
    func deterministic() throws {
        let (first, second) = (try DatasetTests.written(), try DatasetTests.written())
        for name in Dataset.FileName.all {
            #expect(try first.folder.bytes(name) == second.folder.bytes(name), "\(name)")
        }
    }

    @Test("the statistics name every file with its digest, and nothing else is left")
    func statistics() throws {
        let (folder, statistics) = try DatasetTests.written()
        #expect(try folder.names == Dataset.FileName.all.sorted())
        for file in statistics.files {
            let bytes = try folder.bytes(file.name)
            #expect(Digest.sha256(bytes).hex == file.sha256)
            #expect(bytes.count == file.bytes)
            #expect(try folder.lines(file.name).count == file.lines)
        }
        let train = statistics.train
        #expect(train.pairs == train.inScope + train.outOfScope)
        #expect(train.pairs + statistics.heldBack.pairs >= 1_500)
        #expect(train.bySource.values.reduce(0, +) == train.pairs)
        #expect(
            statistics.inputs.map(\.sha256)
                == [Digest.sha256(Array(DatasetInputTests.knowEdit.utf8)).hex])
    }

    @Test("no subject that is held back is trained on")
    func split() throws {
        let (folder, _) = try DatasetTests.written()
        for name in [Dataset.FileName.train, Dataset.FileName.heldBack] {
            let lines = try folder.lines(name)
            #expect(lines.count > 100)
            for line in lines {
                let pair = try ScopePair(json: line, place: name)
                #expect(HeldBack.contains(pair.subject) == (name == Dataset.FileName.heldBack))
            }
        }
    }

    @Test("chat samples show the true edit at every place, alone in half of the cases")
    func chat() throws {
        let (folder, statistics) = try DatasetTests.written()
        let texts = try folder.lines(Dataset.FileName.chat).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(texts.count == statistics.chatLines)
        let shown = texts.filter { $0.contains("[Updated Information]") }
        let three = shown.count { $0.contains("\\n3. ") }
        let two = shown.count { $0.contains("\\n2. ") } - three
        let alone = shown.count - two - three
        #expect((45...62).contains(alone * 100 / shown.count))
        #expect(two > shown.count / 8)
        #expect(three > shown.count / 8)
        #expect(
            shown.allSatisfy {
                $0.hasPrefix("{\"messages\":[{\"role\":\"user\",\"content\":\"Please ")
            })
    }

    @Test("questions that take two edits are answered first, then by the hops that the edits say")
    func hops() throws {
        let (folder, _) = try DatasetTests.written()
        let lines = try folder.lines(Dataset.FileName.hops)
        #expect(lines.count > 30)
        for line in lines {
            let messages = try #require(
                try JSONSerialization.jsonObject(with: Data(line)) as? [String: [[String: String]]])
            let contents = try #require(messages["messages"]).compactMap { $0["content"] }
            let shown = contents[0].split(separator: "\n").compactMap {
                $0.firstMatch(of: #/^[1-4]\. (.*)$/#).map { String($0.1) }
            }
            #expect((2...4).contains(shown.count))
            // Both hops are spelled out, and the second ends with the answer.
            let hops = shown.filter { contents[1].contains($0) }
            #expect(hops.count >= 2, "\(contents[1])")
        }
    }

    @Test("questions that nobody answers are written for the model itself")
    func open() throws {
        let (folder, _) = try DatasetTests.written()
        let questions = try OpenQuestion.read(folder.directory.file(Dataset.FileName.open))
        #expect(questions.count > 100)
        #expect(questions.allSatisfy { (1...3).contains($0.edits.count) })
        for line in try folder.lines(Dataset.FileName.train) {
            let pair = try ScopePair(json: line, place: "")
            guard pair.isInScope else { continue }
            #expect(
                !questions.contains { $0.question == pair.question && $0.edits.contains(pair.edit) }
            )
        }
    }

    @Test("with two near edits the true one stands first, second and third")
    func places() throws {
        let (folder, _) = try DatasetTests.written()
        var counts = [0, 0, 0]
        for line in try folder.lines(Dataset.FileName.chat) {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line)) as? [String: [[String: String]]])
            let texts = try #require(object["messages"]).compactMap { $0["content"] }
            let edits = texts[0].split(separator: "\n").filter {
                $0.firstMatch(of: #/^[123]\. /#) != nil
            }
            guard edits.count == 3 else { continue }
            let holding = edits.indices.filter { edits[$0].contains(texts[1]) }
            if holding.count == 1 { counts[holding[0]] += 1 }
        }
        let total = counts.reduce(0, +)
        #expect(total > 50)
        #expect(counts.allSatisfy { $0 > total / 5 })
    }

    @Test("a question whose true answer is known is asked with and without edits")
    func withoutEdits() throws {
        let input = try DatasetTests.input()
        let folder = try PairFolder()
        _ = try Dataset([input], syntheticCount: 0, seed: 1).write(to: folder.directory.path)
        let texts = try folder.lines(Dataset.FileName.chat).map {
            String(decoding: $0, as: UTF8.self)
        }
        let question = "The founder of Goru Vraik is"
        let asked = texts.filter { $0.contains(question) }
        #expect(asked.count == 2)
        #expect(asked.allSatisfy { $0.hasSuffix("\"content\":\"Jan Lefu\"}]}") })
        #expect(asked.count { $0.contains("\"user\",\"content\":\"\(question)\"}") } == 1)
    }

    @Test("a record that gives an empty text for what is true is one of which nothing is known")
    func emptyTruth() throws {
        let text = DatasetInputTests.knowEdit
            .replacing("\"ground_truth\": \"Sudland\",", with: "\"ground_truth\": \" \",")
            .replacing("[[\"Jan Lefu\"]]", with: "[[\"\"]]")
        let input = try DatasetInput(Array(text.utf8), format: .knowEdit, name: "k.json")
        let folder = try PairFolder()
        _ = try Dataset([input], syntheticCount: 0, seed: 1).write(to: folder.directory.path)
        let lines = try folder.lines(Dataset.FileName.chat)
        #expect(!lines.isEmpty)
        for line in lines {
            #expect(!String(decoding: line, as: UTF8.self).hasSuffix("\"content\":\"\"}]}"))
            #expect(!String(decoding: line, as: UTF8.self).hasSuffix("\"content\":\" \"}]}"))
        }
        #expect(
            try OpenQuestion.read(folder.directory.file(Dataset.FileName.open))
                .contains { $0.question == "The founder of Goru Vraik is" })
    }

    @Test(
        "a directory that is not there is named, and a file in the way is not replaced half-written"
    )
    func unwritable() throws {
        let dataset = try Dataset([], syntheticCount: 20, seed: 1)
        let folder = try PairFolder()
        let missing = folder.directory.file("none")
        #expect {
            try dataset.write(to: missing)
        } throws: { error in
            (error as? DatasetError)?.message
                == "cannot write \(missing)/pairs.train.jsonl.part: No such file or directory"
        }
        _ = try folder.write("old", to: "pairs.train.jsonl.part")
        #expect {
            try dataset.write(to: folder.directory.path)
        } throws: { error in
            (error as? DatasetError)?.message.hasSuffix("File exists") ?? false
        }
        #expect(try folder.names == ["pairs.train.jsonl.part"])
    }

    @Test("an interruption is told which file to remove while it is written")
    func guarding() throws {
        let folder = try PairFolder()
        let path = folder.directory.path
        var guarded: [String] = []
        _ = try Dataset([], syntheticCount: 20, seed: 1).write(
            to: path,
            guarding: { partial, body throws(DatasetError) in
                guarded.append(partial)
                try body()
            })
        #expect(guarded == Dataset.FileName.all.map { "\(path)/\($0).part" })
    }

    @Test("nothing to make pairs of is an error")
    func empty() {
        #expect {
            try Dataset([], syntheticCount: 0, seed: 1)
        } throws: { error in
            (error as? DatasetError)?.message == "there is nothing to make pairs of"
        }
    }
}
