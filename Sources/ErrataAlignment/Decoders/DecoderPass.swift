import ErrataModels

/// What the layers of one pass share, beside the numbers that go through them.
struct DecoderPass {
    let row: PackedRow
    /// Of positions, which start anew in each text.
    let rotations: Rotations
    /// The parameters.
    let values: UnsafePointer<Float>
    /// Where gradients are summed; nil where none is wanted.
    let gradients: UnsafeMutablePointer<Float>?
    /// The parameters whose gradients are summed; nil for all.
    let focus: Range<Int>?
    /// Where masks start, or nil: nothing is dropped.
    let dropoutSeed: UInt64?
    let work: ParallelKernels
}
