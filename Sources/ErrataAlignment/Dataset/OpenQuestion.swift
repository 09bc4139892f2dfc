import Crypto
import ErrataCore
import ErrataModels

/// A question whose answer no data say and no edit gives: a model is to answer it as it always did.
package struct OpenQuestion: Equatable, Sendable {
    /// No line is longer than this.
    static let lineBytesMax = 1 << 17
    package static let editCountMax = 16

    package let question: String
    /// Edits that do not bear on it.
    package let edits: [String]

    package init(question: String, edits: [String]) {
        self.question = question
        self.edits = edits
    }

    /// The line, without its end.
    package var json: String {
        let list = edits.map(JSONText.quoted).joined(separator: ",")
        return "{\"question\":\(JSONText.quoted(question)),\"edits\":[\(list)]}"
    }

    /// Reads one line; `place` names file and line in messages.
    init(json line: [UInt8], place: String) throws(DatasetError) {
        do throws(ModelError) {
            let object = try JSONReader.object(line, place: place)
            try object.refuseKeys(besides: ["question", "edits"])
            let question = try object.string("question")
            var edits: [String] = []
            for item in try object.array("edits") {
                guard case .string(let edit) = item, !edit.isEmpty else {
                    throw ModelError(.malformed, "\(place): 'edits' holds \(item.kind)")
                }
                edits.append(edit)
            }
            guard !question.isEmpty, edits.count <= Self.editCountMax else {
                throw ModelError(
                    .malformed,
                    "\(place): a question with at most \(Self.editCountMax) edits is expected")
            }
            self.init(question: question, edits: edits)
        } catch {
            throw DatasetError(.malformed, error.message, hint: error.hint)
        }
    }

    /// Reads `count` questions of a file from the one numbered `skip` on.
    ///
    /// Throws, naming the line, at the first one that is none.
    package static func read(
        _ path: String, skip: Int = 0, count: Int = .max
    ) throws -> [OpenQuestion] {
        var hash = SHA256()
        var questions: [OpenQuestion] = []
        var number = 0
        try LineFile.read(path, lineBytesMax: lineBytesMax, of: "questions", hash: &hash) {
            let question = try OpenQuestion(json: $0, place: $1)
            if number >= skip, questions.count < count { questions.append(question) }
            number += 1
        }
        return questions
    }

    /// Returns the chats that teach an answer: to the question alone, and after the edits.
    package func chats(answer: String) -> [String] {
        let prompts =
            [question] + (edits.isEmpty ? [] : [EditPrompt.text(question: question, edits: edits)])
        return prompts.map { ChatForm.line($0, answer) }
    }
}
