import Glibc

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
        var header = "{"
        if !metadata.isEmpty {
            let members = metadata.map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }
            header += "\"__metadata__\":{\(members.joined(separator: ","))}"
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.values.count * tensor.type.byteCount
            header += header == "{" ? "" : ","
            header +=
                "\(Self.quoted(tensor.name)):{\"dtype\":\"\(tensor.type.rawValue)\","
                + "\"shape\":[\(tensor.shape.map(String.init).joined(separator: ","))],"
                + "\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        header += "}"
        // The format asks for data at a multiple of 8.
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.utf8.count + offset)
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) {
            bytes.append(contentsOf: $0)
        }
        bytes += header.utf8
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

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case let scalar where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            case let scalar: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Writes the file beside its place, syncs it and renames it: what was there stays until it is replaced.
    package func write(to path: String) throws(ModelError) {
        try AtomicFile.write(bytes, to: path)
    }
}

/// Replaces a file by new bytes, whole or not at all.
package enum AtomicFile {
    /// Throws, leaving what was at `path` and nothing else, if any step fails.
    package static func write(_ bytes: [UInt8], to path: String) throws(ModelError) {
        let draft = path + ".partial"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw unwritable(draft, errno) }
        var failure: CInt?
        var start = 0
        while start < bytes.count, failure == nil {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if count > 0 {
                start += count
            } else if errno != EINTR {
                failure = count == 0 ? ENOSPC : errno
            }
        }
        if failure == nil, fsync(descriptor) != 0 { failure = errno }
        if close(descriptor) != 0, failure == nil { failure = errno }
        if failure == nil, rename(draft, path) != 0 { failure = errno }
        if failure == nil { failure = syncDirectory(of: path) }
        guard let failure else { return }
        unlink(draft)
        throw unwritable(path, failure)
    }

    /// Makes the renaming durable; returns an error number.
    private static func syncDirectory(of path: String) -> CInt? {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? nil : errno
    }

    private static func unwritable(_ path: String, _ number: CInt) -> ModelError {
        ModelError(.unreadable, "cannot write \(path): \(String(cString: strerror(number)))")
    }
}
