/// The form in which queries are compared, and rows too unless their encoder wants their lengths to count.
enum UnitVector {
    /// How far from 1 a squared norm may be without the vector being scaled.
    private static let tolerance = 1e-5

    /// Returns `vector` with norm 1; nil if it is zero or not finite.
    ///
    /// A vector that has norm 1 already, up to rounding, keeps its bits.
    static func normalized(_ vector: [Float]) -> [Float]? {
        let square = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
        guard square.isFinite, square >= Double(Float.leastNormalMagnitude) else { return nil }
        guard abs(square - 1) > tolerance else { return vector }
        let norm = square.squareRoot()
        return vector.map { Float(Double($0) / norm) }
    }
}
