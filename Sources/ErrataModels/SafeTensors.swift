/// The tensors of one safetensors file.
///
/// The file is the header's length (8 bytes, little-endian), the header (JSON: name to dtype, shape
/// and byte range), then the data, which the ranges must cover without gap or overlap. All of it is
/// checked before the first tensor is read.
package struct SafeTensors: Sendable {
    package static let headerByteCountMax = 16 << 20
    static let dimensionCountMax = 8

    /// Where one tensor lies.
    struct Entry {
        let name: String
        let type: String
        let shape: [Int]
        /// In bytes from the start of the data.
        let range: Range<Int>
    }

    private let file: MappedFile
    private let dataStart: Int
    private let entries: [String: Entry]
    /// The texts under `__metadata__`.
    package let metadata: [String: String]

    /// Names and shapes of all tensors.
    package var shapes: [String: [Int]] { entries.mapValues(\.shape) }

    /// Returns the name of the type that a tensor's elements are stored in, such as "BF16".
    func type(of name: String) throws(ModelError) -> String {
        guard let entry = entries[name] else {
            throw ModelError(.mismatch, "\(file.name): tensor '\(name)' is missing")
        }
        return entry.type
    }

    /// The file's name, for messages.
    package var name: String { file.name }

    /// Opens `directory/name`.
    package init(directory: String, name: String) throws(ModelError) {
        try self.init(
            try MappedFile(
                directory: directory, name: name, byteCountMax: ModelFiles.weightsByteCountMax))
    }

    init(_ file: MappedFile) throws(ModelError) {
        let bytes = file.bytes
        guard bytes.count >= 8 else {
            throw ModelError(
                .malformed, "\(file.name) has \(bytes.count) bytes, too few for its header")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.headerByteCountMax) else {
            throw ModelError(
                .limit,
                "\(file.name): the header has \(length) bytes, more than \(Self.headerByteCountMax)"
            )
        }
        guard Int(length) <= bytes.count - 8 else {
            throw ModelError(
                .malformed,
                "\(file.name): the header has \(length) bytes, the file only \(bytes.count - 8)")
        }
        self.file = file
        dataStart = 8 + Int(length)
        let header = try JSONReader.object(Array(bytes[8..<dataStart]), place: file.name)
        entries = try Self.entries(header, dataByteCount: bytes.count - dataStart)
        metadata = try Self.metadata(header)
    }

    /// Returns the elements of a tensor, which must have this shape, as floats.
    ///
    /// F32, F16 and BF16 are converted exactly; other types and elements that are not finite are errors.
    package func floats(_ name: String, shape: [Int]) throws(ModelError) -> [Float] {
        let entry = try entry(name, shape: shape)
        let values = try Self.convert(data(entry), entry: entry, file: file.name)
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw notFinite(name, values[place], place)
        }
        return values
    }

    /// Returns the elements of a tensor of type F16 or BF16, which must have this shape, as they are.
    ///
    /// Elements that are not finite are errors.
    func halves(_ name: String, shape: [Int]) throws(ModelError) -> [UInt16] {
        let entry = try entry(name, shape: shape)
        let exponent: UInt16 = entry.type == "F16" ? 0x7C00 : 0x7F80
        guard entry.type == "F16" || entry.type == "BF16" else {
            throw ModelError(
                .unsupported,
                "\(file.name): tensor '\(name)' has type \(entry.type), expected F16 or BF16")
        }
        let data = data(entry)
        let count = data.count / 2
        let values = [UInt16](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: data[..<(count * 2)]))
            for i in 0..<count { buffer[i] = UInt16(littleEndian: buffer[i]) }
            initialized = count
        }
        if let place = values.firstIndex(where: { $0 & exponent == exponent }) {
            let bits = values[place]
            throw notFinite(
                name, exponent == 0x7C00 ? Self.float(half: bits) : Self.float(brain: bits), place)
        }
        return values
    }

    /// Returns the value of a bfloat16, the upper half of a float.
    package static func float(brain bits: UInt16) -> Float {
        Float(bitPattern: UInt32(bits) << 16)
    }

    /// Returns the bytes of a tensor, which must have this type and shape, as they lie in the file.
    func bytes(
        of name: String, type: String, shape: [Int]
    ) throws(ModelError) -> MappedBytes {
        let entry = try entry(name, shape: shape)
        guard entry.type == type else {
            throw ModelError(
                .unsupported,
                "\(file.name): tensor '\(name)' has type \(entry.type), expected \(type)")
        }
        return MappedBytes(
            file, dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound)
    }

    private func notFinite(_ name: String, _ value: Float, _ place: Int) -> ModelError {
        ModelError(.malformed, "\(file.name): tensor '\(name)' holds \(value) at \(place)")
    }

    private func data(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[dataStart...][offset: entry.range])
    }

    private func entry(_ name: String, shape: [Int]) throws(ModelError) -> Entry {
        guard let entry = entries[name] else {
            throw ModelError(.mismatch, "\(file.name): tensor '\(name)' is missing")
        }
        guard entry.shape == shape else {
            throw ModelError(
                .mismatch,
                "\(file.name): tensor '\(name)' has shape \(entry.shape), expected \(shape)")
        }
        return entry
    }

    private static func convert(
        _ data: UnsafeRawBufferPointer, entry: Entry, file: String
    ) throws(ModelError) -> [Float] {
        func each<Bits: FixedWidthInteger>(_: Bits.Type, _ value: (Bits) -> Float) -> [Float] {
            (0..<data.count / MemoryLayout<Bits>.size).map { i in
                value(
                    Bits(
                        littleEndian: data.loadUnaligned(
                            fromByteOffset: i * MemoryLayout<Bits>.size, as: Bits.self)))
            }
        }
        switch entry.type {
        case "F32": return each(UInt32.self) { Float(bitPattern: $0) }
        case "BF16": return each(UInt16.self) { float(brain: $0) }
        case "F16": return each(UInt16.self) { float(half: $0) }
        default:
            throw ModelError(
                .unsupported,
                "\(file): tensor '\(entry.name)' has type \(entry.type), expected F32, F16 or BF16")
        }
    }

    /// Returns the value of an IEEE half; Swift's Float16 is missing on some of our platforms.
    package static func float(half bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Subnormal: fraction * 2^-24, exact in Float.
            return Float(fraction) * 0x1p-24 * (sign == 0 ? 1 : -1)
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}

extension Slice where Base == UnsafeRawBufferPointer {
    /// Returns the part whose offsets from the start are `range`.
    fileprivate subscript(offset range: Range<Int>) -> Slice<Base> {
        self[startIndex + range.lowerBound..<startIndex + range.upperBound]
    }
}
