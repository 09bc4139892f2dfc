/// Writes a safetensors file whole or not at all.
package struct SafeTensorsWriter {
    /// How the elements of a tensor are stored.
    package enum ElementType: String, Sendable {
        case float32 = "F32"
        /// Rounded to nearest, ties to even.
        case bfloat16 = "BF16"

        fileprivate var byteCount: Int { self == .float32 ? 4 : 2 }
    }

    private struct Tensor {
        let name: String
        let shape: [Int]
        let type: ElementType
        let values: [Float]
    }

    private var tensors: [Tensor] = []
    private let metadata: [(key: String, value: String)]

    /// `metadata` is written under `__metadata__`, in this order.
    package init(metadata: [(key: String, value: String)] = []) {
        self.metadata = metadata
    }

    /// Adds a tensor; tensors lie in the file in the order they were added.
    package mutating func add(
        _ name: String, shape: [Int], _ values: [Float], as type: ElementType = .float32
    ) {
        precondition(values.count == shape.reduce(1, *))
        tensors.append(Tensor(name: name, shape: shape, type: type, values: values))
    }

    /// The bytes of the file.
    package var bytes: [UInt8] {
        let header = SafeTensorsHeader(
            tensors.map {
                .init(
                    name: $0.name, type: $0.type.rawValue, shape: $0.shape,
                    byteCount: $0.values.count * $0.type.byteCount)
            }, metadata: metadata)
        var bytes = header.bytes
        bytes.reserveCapacity(bytes.count + header.dataByteCount)
        for tensor in tensors { Self.append(tensor, to: &bytes) }
        return bytes
    }

    private static func append(_ tensor: Tensor, to bytes: inout [UInt8]) {
        for value in tensor.values {
            switch tensor.type {
            case .float32:
                withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            case .bfloat16:
                withUnsafeBytes(of: bfloat16(value).littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
    }

    /// Returns the upper half of a float's bits, rounded to nearest even; the value must be finite.
    package static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
    }

    /// Writes the file beside its place, syncs it and renames it: what was there stays until it is replaced.
    package func write(to path: String) throws(ModelError) {
        try AtomicFile.write(bytes, to: path)
    }
}
