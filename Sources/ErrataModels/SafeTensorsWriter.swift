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
        let values: ArraySlice<Float>
    }

    /// Numbers that are made bytes at a time.
    private static let pieceCount = 1 << 18

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
        add(name, shape: shape, values[...], as: type)
    }

    /// Adds a tensor of a part of an array, which is not copied.
    package mutating func add(
        _ name: String, shape: [Int], _ values: ArraySlice<Float>, as type: ElementType = .float32
    ) {
        precondition(values.count == shape.reduce(1, *))
        tensors.append(Tensor(name: name, shape: shape, type: type, values: values))
    }

    private var header: SafeTensorsHeader {
        SafeTensorsHeader(
            tensors.map {
                .init(
                    name: $0.name, type: $0.type.rawValue, shape: $0.shape,
                    byteCount: $0.values.count * $0.type.byteCount)
            }, metadata: metadata)
    }

    /// The bytes of the file.
    package var bytes: [UInt8] {
        let header = header
        var bytes = header.bytes
        bytes.reserveCapacity(bytes.count + header.dataByteCount)
        for tensor in tensors { Self.append(tensor.values, tensor.type, to: &bytes) }
        return bytes
    }

    private static func append(
        _ values: ArraySlice<Float>, _ type: ElementType, to bytes: inout [UInt8]
    ) {
        for value in values {
            switch type {
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
        try AtomicFile.write(to: path) { file throws(ModelError) in
            try file.write(header.bytes)
            for tensor in tensors {
                // In pieces: the bytes of a large model are not held a second time.
                var rest = tensor.values
                while !rest.isEmpty {
                    var bytes: [UInt8] = []
                    Self.append(rest.prefix(Self.pieceCount), tensor.type, to: &bytes)
                    try file.write(bytes)
                    rest = rest.dropFirst(Self.pieceCount)
                }
            }
        }
    }
}
