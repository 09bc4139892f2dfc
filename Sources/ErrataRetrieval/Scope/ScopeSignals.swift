/// One named number behind a decision, as the receipt shows it.
package struct ScopeSignal: Sendable, Equatable {
    package let name: String
    package let value: Double

    package init(name: String, value: Double) {
        self.name = name
        self.value = value
    }
}

/// What speaks for and against a fact's object being the answer.
///
/// Cosines are in [-1, 1], shares in [0, 1], the rest counts words or is 0 or 1.
struct ObjectSignals: Sendable, Equatable {
    /// Similarity of the question with the fact's phrasings and with its statement.
    var promptCosine = 0.0
    var statementCosine = 0.0
    /// Similarity of question and phrasing once both have "X" for the subject.
    var maskedCosine = 0.0
    /// Similarity of the masked question with the object.
    var objectCosine = 0.0
    /// Whether the question names the subject word for word, and how much of the name it holds.
    var exactSubject = 0.0
    var subjectShare = 0.0
    /// Name-like words that belong neither to the subject nor to the fact, at most 3.
    var foreignNames = 0.0
    /// Whether the subject stands inside a longer name.
    var longerName = 0.0
    /// Share of the question's relation words that the phrasing has, the reverse, and the number of
    /// those that it lacks, at most 4.
    var questionOverlap = 0.0
    var promptOverlap = 0.0
    var unmatchedWords = 0.0
    /// Whether both ask for one kind of thing, or for different kinds.
    var sameKind = 0.0
    var otherKind = 0.0
    /// Whether the object's shape fits a question for a time, or clashes with what is asked.
    var dateFits = 0.0
    var dateClashes = 0.0
    /// Whether the question holds the object, and whether it rules it out.
    var objectPresent = 0.0
    var negatesObject = 0.0
    /// Whether the question has any name-like word after its first.
    var hasName = 0.0

    /// The signals by name, for the receipt.
    var named: [ScopeSignal] {
        [
            ScopeSignal(name: "prompt_cosine", value: promptCosine),
            ScopeSignal(name: "statement_cosine", value: statementCosine),
            ScopeSignal(name: "masked_cosine", value: maskedCosine),
            ScopeSignal(name: "object_cosine", value: objectCosine),
            ScopeSignal(name: "exact_subject", value: exactSubject),
            ScopeSignal(name: "subject_share", value: subjectShare),
            ScopeSignal(name: "foreign_names", value: foreignNames),
            ScopeSignal(name: "longer_name", value: longerName),
            ScopeSignal(name: "question_overlap", value: questionOverlap),
            ScopeSignal(name: "prompt_overlap", value: promptOverlap),
            ScopeSignal(name: "unmatched_words", value: unmatchedWords),
            ScopeSignal(name: "same_kind", value: sameKind),
            ScopeSignal(name: "other_kind", value: otherKind),
            ScopeSignal(name: "date_fits", value: dateFits),
            ScopeSignal(name: "date_clashes", value: dateClashes),
            ScopeSignal(name: "object_present", value: objectPresent),
            ScopeSignal(name: "negates_object", value: negatesObject),
            ScopeSignal(name: "has_name", value: hasName),
        ]
    }
}

/// What speaks for and against a fact's subject being the answer (an inverse question).
struct SubjectSignals: Sendable, Equatable {
    var statementCosine = 0.0
    /// Whether the question names the object word for word, and how much of object and subject.
    var exactObject = 0.0
    var objectShare = 0.0
    var subjectShare = 0.0
    /// Similarity of the question, "X" for the object, with the statement seen from the object; and
    /// with the fact's own phrasing, which means that it asks the same relation of the object.
    var inverseCosine = 0.0
    var directCosine = 0.0
    var questionOverlap = 0.0
    var promptOverlap = 0.0
    var sameKind = 0.0
    var otherKind = 0.0
    var foreignNames = 0.0
    /// Whether the words invert the relation ("father" and "son"), or only repeat it.
    var invertsRelation = 0.0
    var repeatsRelation = 0.0
    var negatesObject = 0.0

    /// The signals by name, for the receipt.
    var named: [ScopeSignal] {
        [
            ScopeSignal(name: "statement_cosine", value: statementCosine),
            ScopeSignal(name: "exact_object", value: exactObject),
            ScopeSignal(name: "object_share", value: objectShare),
            ScopeSignal(name: "subject_share", value: subjectShare),
            ScopeSignal(name: "inverse_cosine", value: inverseCosine),
            ScopeSignal(name: "direct_cosine", value: directCosine),
            ScopeSignal(name: "question_overlap", value: questionOverlap),
            ScopeSignal(name: "prompt_overlap", value: promptOverlap),
            ScopeSignal(name: "same_kind", value: sameKind),
            ScopeSignal(name: "other_kind", value: otherKind),
            ScopeSignal(name: "foreign_names", value: foreignNames),
            ScopeSignal(name: "inverts_relation", value: invertsRelation),
            ScopeSignal(name: "repeats_relation", value: repeatsRelation),
            ScopeSignal(name: "negates_object", value: negatesObject),
        ]
    }
}
