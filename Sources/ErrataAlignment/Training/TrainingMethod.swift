/// Which numbers training changes.
package enum TrainingMethod: Equatable, Sendable {
    /// All of them, the word embeddings apart.
    case full
    /// Low-rank updates of the linear maps (LoRA): W + scale · B A; norms and heads whole.
    case lowRank(rank: Int, scale: Float)
}
