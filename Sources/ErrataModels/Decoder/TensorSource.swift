/// Where a decoder's tensors come from.
package protocol TensorSource: Sendable {
    /// What messages call it.
    var name: String { get }

    /// Names and shapes of all tensors.
    var shapes: [String: [Int]] { get }

    /// Returns the name of the type that a tensor's elements are stored in, such as "BF16".
    func type(of name: String) throws(ModelError) -> String

    /// Returns a tensor's elements, all finite, as floats.
    func floats(_ name: String, shape: [Int]) throws(ModelError) -> [Float]

    /// Returns the elements, all finite, of a tensor of type F16 or BF16 as they are.
    func halves(_ name: String, shape: [Int]) throws(ModelError) -> [UInt16]

    /// Returns the bytes of a tensor of this type and shape as they lie in a file.
    func bytes(of name: String, type: String, shape: [Int]) throws(ModelError) -> MappedBytes
}
