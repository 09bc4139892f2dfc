/// One change that a client asks for.
package enum DraftEdit: Hashable, Sendable {
    /// Believe this; another value under the same key is superseded.
    case assert(Fact)
    /// Believe this instead of what is there; refused if nothing is.
    case revise(Fact)
    /// Believe this fact no longer.
    case retract(FactID)
    /// Settle the conflict that the fact is in by the value of one side; nil is a retracted fact.
    case choose(FactID, Leaf?)
}

/// One change that a commit made to one fact, as the journal keeps it.
package struct Edit: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case assert
        case revise
        case retract
    }

    package let fact: FactID
    /// The value before, nil if the fact was not believed.
    package let old: Leaf?
    /// The value after, nil if the fact is believed no longer.
    package let new: Leaf?

    /// Pairs the values; they must differ.
    package init(fact: FactID, old: Leaf?, new: Leaf?) {
        precondition(old != new, "an edit changes something")
        self.fact = fact
        self.old = old
        self.new = new
    }

    package var kind: Kind {
        if old == nil { return .assert }
        return new == nil ? .retract : .revise
    }

    /// The edit that takes this one back.
    package var inverse: Edit { Edit(fact: fact, old: new, new: old) }
}
