package import ErrataCore

/// What a row of the index says about its fact.
package enum SurfaceKind: UInt8, CaseIterable, Hashable, Comparable, Sendable {
    case statement = 0
    case prompt = 1
    case question = 2
    /// The prompt with an alias in the subject's place.
    case alias = 3
    /// A phrasing without its subject; this kind and those that follow are kept for the scope decision.
    case masked = 4
    /// The object alone.
    case object = 5
    /// The statement seen from its object.
    case inverse = 6

    package static let searched: [SurfaceKind] = [.statement, .prompt, .question, .alias]

    /// Whether a search may find a fact by a row of this kind.
    package var isSearched: Bool { self < .masked }

    package static func < (left: SurfaceKind, right: SurfaceKind) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// One text under which a fact can be found.
package struct SurfaceForm: Hashable, Sendable {
    package let kind: SurfaceKind
    package let text: String

    package init(_ kind: SurfaceKind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}

extension Fact {
    /// Which rules ``surfaceForms`` follows; an index made under other rules is made anew.
    static let surfaceFormsVersion = 2

    /// The texts of this fact that the index holds, in the order of their kinds, none twice in a kind.
    package var surfaceForms: [SurfaceForm] {
        var forms = [SurfaceForm(.statement, statement)]
        if let prompt { forms.append(SurfaceForm(.prompt, prompt)) }
        forms += questions.map { SurfaceForm(.question, $0) }
        forms += aliasPrompts.map { SurfaceForm(.alias, $0) }
        let scope = ScopeTexts(of: ScopeFact(self))
        forms += scope.masked.map { SurfaceForm(.masked, $0) }
        if let object = scope.object { forms.append(SurfaceForm(.object, object)) }
        if let inverse = scope.inverse { forms.append(SurfaceForm(.inverse, inverse)) }
        var seen: Set<SurfaceForm> = []
        return forms.filter { seen.insert($0).inserted }
    }
}

extension ScopeFact {
    /// The words of `fact` that the scope decision reads.
    package init(_ fact: Fact) {
        self.init(
            subject: fact.subject, object: fact.object, statement: fact.statement,
            prompt: fact.prompt, questions: fact.questions, aliases: fact.aliases)
    }
}
