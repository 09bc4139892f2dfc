/// The tensors that training changes, one after the other in one vector.
///
/// One vector makes the optimizer, the sum over threads, the norm of the gradient and a checkpoint
/// each a single loop.
package struct ParameterTable: Sendable {
    /// Which learning rate a tensor has.
    package enum Group: Sendable {
        case encoder
        case heads
        case decoder
    }

    package struct Entry: Sendable {
        package let name: String
        package let shape: [Int]
        package let range: Range<Int>
        package let group: Group
        /// Whether weight decay applies: to matrices, not to norms and biases.
        package let decays: Bool
    }

    package private(set) var entries: [Entry] = []
    package var values: [Float] = []

    package var count: Int { values.count }

    package init() {}

    /// Appends a tensor and returns its place in the vector.
    mutating func add(
        _ name: String, shape: [Int], _ initial: [Float], group: Group = .encoder,
        decays: Bool = false
    ) -> Range<Int> {
        precondition(initial.count == shape.reduce(1, *))
        let range = values.count..<values.count + initial.count
        entries.append(
            Entry(name: name, shape: shape, range: range, group: group, decays: decays))
        values += initial
        return range
    }

    package subscript(name: String) -> Entry? { entries.first { $0.name == name } }
}
