package import ErrataModels
import Synchronization

/// Has a model that is not aligned yet answer open questions, and writes chats that keep its answers.
///
/// So alignment does not change what the model says where no edit matters: it learns its own words, without
/// edits and after edits that do not bear on the question.
package struct AnswerFiller: Sendable {
    /// What came of it.
    package struct Report: Equatable, Sendable {
        /// Questions that were asked.
        package internal(set) var askedCount = 0
        /// Those whose answer was empty or not at its end after as many tokens as are allowed.
        package internal(set) var leftOutCount = 0
        package internal(set) var lineCount = 0
        /// Whether all questions were asked.
        package internal(set) var isComplete = true
        /// Why a server stopped answering, if it did.
        package internal(set) var failure: BackendError?
    }

    private let backend: any ChatBackend
    private let options: ChatOptions
    /// How many questions are asked at the same time.
    private let atATime: Int

    package init(_ backend: any ChatBackend, _ options: ChatOptions, atATime: Int) {
        precondition(atATime > 0)
        self.backend = backend
        self.options = options
        self.atATime = atATime
    }

    /// Asks the questions in order and writes a file, which appears at the end.
    ///
    /// If its task is cancelled, or a server that has answered fails, the file appears with what is answered by then.
    package func fill(
        _ questions: [OpenQuestion], to path: String,
        progress: @Sendable (_ done: Int) -> Void = { _ in }
    ) async throws -> Report {
        let writer = try LineWriter(path: path)
        var report = Report()
        for start in stride(from: 0, to: questions.count, by: atATime) {
            let part = Array(questions[start..<min(start + atATime, questions.count)])
            let answers: [String?]
            do { answers = try await self.answers(part) } catch is CancellationError {
                report.isComplete = false
                break
            } catch let error as BackendError where report.askedCount > 0 {
                report.isComplete = false
                report.failure = error
                break
            }
            for (question, answer) in zip(part, answers) {
                report.askedCount += 1
                guard let answer else {
                    report.leftOutCount += 1
                    continue
                }
                for line in question.chats(answer: answer) {
                    try writer.write(line)
                    report.lineCount += 1
                }
            }
            progress(report.askedCount)
        }
        _ = try writer.finish(name: path)
        return report
    }

    /// Returns the answers of some questions, nil for those that have none.
    private func answers(_ questions: [OpenQuestion]) async throws -> [String?] {
        try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask { (index, try await answer(question)) }
            }
            var answers = [String?](repeating: nil, count: questions.count)
            for try await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }

    private func answer(_ question: OpenQuestion) async throws -> String? {
        let text = Mutex("")
        let end = try await backend.reply(
            to: [ChatMessage(.user, question.question)], options,
            onPiece: { piece in text.withLock { $0 += piece } })
        let answer = text.withLock { $0 }.trimmed
        return end.reason == .complete && !answer.isEmpty ? answer : nil
    }
}

extension String {
    /// The text without white space around it.
    fileprivate var trimmed: String {
        var part = self[...]
        while part.first?.isWhitespace == true { part = part.dropFirst() }
        while part.last?.isWhitespace == true { part = part.dropLast() }
        return String(part)
    }
}
