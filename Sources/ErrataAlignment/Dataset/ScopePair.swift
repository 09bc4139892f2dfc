/// One example for the reader: a question, an edit, and whether the edit answers the question.
package struct ScopePair: Sendable, Equatable {
    /// No text of a pair is longer than this.
    package static let textBytesMax = 2_000

    /// Which part of the edit's fact a question asks for.
    package enum Part: String, Sendable { case object, subject }

    /// What an edit that is in scope answers.
    package struct Answer: Sendable, Equatable {
        package let part: Part
        package let text: String
        /// Where the answer stands in the edit, in Unicode scalars; nil if it does not occur there.
        package let span: Range<Int>?

        package init(part: Part, text: String, span: Range<Int>?) {
            self.part = part
            self.text = text
            self.span = span
        }
    }

    package let question: String
    /// One line of text: a fact's statement, or two for a path.
    package let edit: String
    /// Nil if the edit is out of scope.
    package let answer: Answer?
    /// How the pair came about, such as "direct" or "otherRelation".
    package let kind: String
    /// The subject of the edit; decides the split.
    package let subject: String
    package let source: String
    /// Shared by the pairs that were made from one fact.
    package let sample: Int

    package init(
        question: String, edit: String, answer: Answer?, kind: String, subject: String,
        source: String, sample: Int
    ) {
        self.question = question
        self.edit = edit
        self.answer = answer
        self.kind = kind
        self.subject = subject
        self.source = source
        self.sample = sample
    }

    package var isInScope: Bool { answer != nil }

    /// Returns the pair with another sample number.
    func numbered(_ sample: Int) -> ScopePair {
        ScopePair(
            question: question, edit: edit, answer: answer, kind: kind, subject: subject,
            source: source, sample: sample)
    }
}

extension ScopePair.Answer {
    /// Finds `text` in `edit`: an object at its last place, a subject at its first, whole words before parts.
    static func found(_ text: String, as part: ScopePair.Part, in edit: String) -> Self {
        let places = Spans.of(Array(text.unicodeScalars), in: Array(edit.unicodeScalars))
        return Self(
            part: part, text: text, span: part == .object ? places.last : places.first)
    }
}

/// Where one text stands in another.
enum Spans {
    /// Returns the places of `needle` in scalars, those that are whole words if there are any.
    static func of(_ needle: [Unicode.Scalar], in text: [Unicode.Scalar]) -> [Range<Int>] {
        guard let first = needle.first, needle.count <= text.count else { return [] }
        var all: [Range<Int>] = []
        for start in 0...(text.count - needle.count)
        where text[start] == first && text[start..<start + needle.count].elementsEqual(needle) {
            all.append(start..<start + needle.count)
        }
        let whole = all.filter { isWhole($0, in: text) }
        return whole.isEmpty ? all : whole
    }

    private static func isWhole(_ range: Range<Int>, in text: [Unicode.Scalar]) -> Bool {
        let isOpenBefore = range.lowerBound == 0 || !isWord(text[range.lowerBound - 1])
        let isOpenAfter = range.upperBound == text.count || !isWord(text[range.upperBound])
        return isOpenBefore && isOpenAfter
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
