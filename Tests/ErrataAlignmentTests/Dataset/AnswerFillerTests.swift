import ErrataAlignment
import ErrataCore
import ErrataModels
import Foundation
import Testing

@Suite("Answers of the unaligned model")
struct AnswerFillerTests {
    private static let questions = (0..<5).map { i in
        OpenQuestion(
            question: "who is \(i)",
            edits: i == 3 ? [] : (0..<(1 + i % 3)).map { "the b of \($0) is \(i)" })
    }

    /// Calls `body` with a trained model, which ends its answers.
    private static func withModel(
        _ body: (_ directory: String, CheckpointBackend, DecoderBase) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "errata-filler-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: directory + "/out", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let base = try TinyBase(in: directory).base()
        let trainer = try DecoderTrainer(
            DecoderRecipe(
                method: .full, passCount: 60, batchCount: 8, tokenCountMax: 96, rate: 1e-2),
            try TinyBase.examples(base), dataHash: [], base: base,
            work: ParallelKernels(threads: 1))
        while !trainer.isFinished { _ = try trainer.step() }
        try trainer.writeResult(to: directory + "/out")
        try await body(
            directory,
            try CheckpointBackend(
                directory: directory + "/out", precision: .float32, threads: 1), base)
    }

    @Test("answers are the model's own, to the question alone and behind edits")
    func answers() async throws {
        try await Self.withModel { directory, backend, base in
            let path = directory + "/filled.jsonl"
            let options = ChatOptions(tokenCountMax: 40)
            let report = try await AnswerFiller(backend, options, atATime: 2)
                .fill(Self.questions, to: path)
            #expect(report.askedCount == 5)
            #expect(report.isComplete)
            var expected: [String] = []
            for question in Self.questions {
                let said = Said()
                let end = try await backend.reply(
                    to: [ChatMessage(.user, question.question)], options, onPiece: said.add)
                guard end.reason == .complete, !said.text.isEmpty else { continue }
                expected += question.chats(answer: said.text)
            }
            #expect(report.lineCount == expected.count && !expected.isEmpty)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.split(separator: "\n").map(String.init) == expected)
            let contents = try ChatFile.read([path], base, tokenCountMax: 400)
            #expect(contents.examples.count == expected.count)
            #expect(
                text.contains(
                    String(
                        EditPrompt.text(question: "", edits: ["x"]).prefix(40))))
        }
    }

    @Test("answers that do not end are left out")
    func unended() async throws {
        try await Self.withModel { directory, backend, _ in
            let report = try await AnswerFiller(
                backend, ChatOptions(tokenCountMax: 1), atATime: 1
            ).fill(Self.questions, to: directory + "/filled.jsonl")
            #expect(report.leftOutCount == 5)
            #expect(report.lineCount == 0)
        }
    }

    @Test("a cancelled task leaves a file of whole lines")
    func cancelled() async throws {
        try await Self.withModel { directory, backend, _ in
            let path = directory + "/filled.jsonl"
            let filler = AnswerFiller(backend, ChatOptions(tokenCountMax: 40), atATime: 1)
            let task = Task {
                try await filler.fill(
                    Self.questions, to: path,
                    progress: { done in
                        if done == 2 { withUnsafeCurrentTask { $0?.cancel() } }
                    })
            }
            let report = try await task.value
            #expect(report.askedCount == 2)
            #expect(!report.isComplete)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.split(separator: "\n").count == report.lineCount)
        }
    }

    /// Fails from one question on, as a server that goes away.
    private struct Leaving: ChatBackend {
        let model: CheckpointBackend
        let lastQuestion: String
        var identity: [UInt8] { model.identity }
        var byteCount: Int { 0 }
        var answersAlone: Bool { true }
        var abstention: String? { nil }

        func reply(
            to chat: [ChatMessage], _ options: ChatOptions,
            onPiece: @escaping @Sendable (String) -> Void
        ) async throws -> ChatEnd {
            guard chat.last?.content != lastQuestion else {
                throw BackendError(.unavailable, "the server is gone")
            }
            return try await model.reply(to: chat, options, onPiece: onPiece)
        }
    }

    @Test("a server that goes away leaves what it answered, and one that never came no file")
    func failing() async throws {
        try await Self.withModel { directory, backend, _ in
            let path = directory + "/filled.jsonl"
            let options = ChatOptions(tokenCountMax: 40)
            let leaving = Leaving(model: backend, lastQuestion: "who is 3")
            let report = try await AnswerFiller(leaving, options, atATime: 2)
                .fill(Self.questions, to: path)
            #expect(report.askedCount == 2)
            #expect(!report.isComplete)
            #expect(report.failure?.message == "the server is gone")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.split(separator: "\n").count == report.lineCount)

            let gone = Leaving(model: backend, lastQuestion: "who is 0")
            let other = directory + "/none.jsonl"
            await #expect(throws: BackendError.self) {
                try await AnswerFiller(gone, options, atATime: 2).fill(Self.questions, to: other)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(names.allSatisfy { !$0.hasPrefix("none") })
        }
    }

    @Test("questions are read from where they are to begin, and a broken line is named")
    func reading() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/open.jsonl"
            let lines = Self.questions.map(\.json)
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
            #expect(try OpenQuestion.read(path) == Self.questions)
            #expect(
                try OpenQuestion.read(path, skip: 1, count: 2) == Array(Self.questions[1...2]))
            for line in [
                "{\"question\":\"\",\"edits\":[]}", "{\"question\":\"a\"}", "[]", "",
                "{\"question\":\"a\",\"edits\":[3]}", "{\"question\":\"a\",\"edits\":[],\"b\":1}",
            ] {
                try Data((lines[0] + "\n" + line + "\n").utf8).write(to: URL(filePath: path))
                let error = #expect(throws: DatasetError.self) { try OpenQuestion.read(path) }
                #expect(error?.message.contains("open.jsonl, line 2") == true, "\(line)")
            }
        }
    }
}

/// Text as it comes.
// The backend hands out one piece after the other.
private final class Said: @unchecked Sendable {
    private(set) var text = ""

    @Sendable func add(_ piece: String) { text += piece }
}
