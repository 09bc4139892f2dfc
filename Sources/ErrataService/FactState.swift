package import ErrataCore
package import ErrataJournal

/// What a version says of a fact.
package enum FactState: Sendable, Hashable {
    case notBelieved
    case fact(Fact)
    /// What a merge could not choose between; each is a fact, redacted or not believed.
    case conflict([FactState])
    /// The text was taken away; by whom, unless the store does not say.
    case redacted(Redaction?)

    /// The fact, if it can be read and is one value.
    package var fact: Fact? {
        if case .fact(let fact) = self { return fact }
        return nil
    }

    /// What can be read: one fact, the facts of a conflict's sides, or nothing.
    package var facts: [Fact] {
        switch self {
        case .fact(let fact): [fact]
        case .conflict(let sides): sides.compactMap(\.fact)
        case .notBelieved, .redacted: []
        }
    }
}

extension KnowledgeBase {
    /// Returns what `leaf` says of a fact; nil is a fact that is not believed.
    func state(of id: FactID, _ leaf: Leaf?) throws(ServiceError) -> FactState {
        guard let leaf else { return .notBelieved }
        return try wrapping {
            switch try journal.value(of: id, leaf: leaf) {
            case .fact(let fact): return .fact(fact)
            case .redacted: return .redacted(try journal.redaction(of: id, leaf: leaf))
            case .conflict(let conflict):
                return .conflict(try conflict.sides.map { try state(of: id, $0) })
            }
        }
    }
}
