/// A pair with what the other forms of the dataset need and the pair does not hold.
struct ScopeItem: Sendable {
    let pair: ScopePair
    /// The right answer without the edit, if the data say so.
    let truth: String?
    /// Says the same relation as the edits of other items with the same group: they are near to it.
    let group: String?
}
