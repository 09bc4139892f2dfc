package import ErrataCore
import FoundationEssentials

/// What a row of the index says about its fact.
package enum SurfaceKind: UInt8, CaseIterable, Hashable, Comparable, Sendable {
    case statement = 0
    case prompt = 1
    case question = 2
    /// The prompt with an alias in the subject's place.
    case alias = 3
    /// The prompt, or else the statement, without its subject; never searched, kept for the scope decision.
    case masked = 4

    package static let searched: [SurfaceKind] = [.statement, .prompt, .question, .alias]

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
    static let surfaceFormsVersion = 1

    /// The texts of this fact that the index holds, in the order of their kinds, none twice in a kind.
    package var surfaceForms: [SurfaceForm] {
        var forms = [SurfaceForm(.statement, statement)]
        if let prompt { forms.append(SurfaceForm(.prompt, prompt)) }
        forms += questions.map { SurfaceForm(.question, $0) }
        forms += aliasPrompts.map { SurfaceForm(.alias, $0) }
        if let masked = maskedSurface { forms.append(SurfaceForm(.masked, masked)) }
        var seen: Set<SurfaceForm> = []
        return forms.filter { seen.insert($0).inserted }
    }

    /// The prompt, or else the statement, with "X" for the subject; nil if it does not name the subject.
    private var maskedSurface: String? {
        guard let subject else { return nil }
        let text = prompt ?? statement
        let masked = text.replacing(subject, with: "X")
        return masked == text ? nil : masked
    }
}
