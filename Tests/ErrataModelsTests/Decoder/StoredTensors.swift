import Foundation

/// A safetensors file as its tensors, to be changed and written again.
struct StoredTensors {
    struct Tensor {
        var type: String
        var shape: [Int]
        var bytes: Data
    }

    var tensors: [String: Tensor]

    init(_ path: String) throws {
        let file = try Data(contentsOf: URL(fileURLWithPath: path))
        let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header =
            try JSONSerialization.jsonObject(with: file[8..<8 + length]) as? [String: Any] ?? [:]
        tensors = [:]
        for (name, value) in header where name != "__metadata__" {
            guard let entry = value as? [String: Any], let type = entry["dtype"] as? String,
                let shape = entry["shape"] as? [Int],
                let range = entry["data_offsets"] as? [Int]
            else { throw CocoaError(.fileReadCorruptFile) }
            tensors[name] = Tensor(
                type: type, shape: shape,
                bytes: Data(file[8 + length + range[0]..<8 + length + range[1]]))
        }
    }

    func write(to path: String) throws {
        var entries: [String: Any] = [:]
        var data = Data()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            entries[name] = [
                "dtype": tensor.type, "shape": tensor.shape,
                "data_offsets": [data.count, data.count + tensor.bytes.count],
            ]
            data += tensor.bytes
        }
        let header = try JSONSerialization.data(withJSONObject: entries)
        var file = Data((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
        file += header + data
        try file.write(to: URL(fileURLWithPath: path))
    }
}

extension Data {
    /// The bytes as little-endian floats.
    var floats: [Float] {
        stride(from: 0, to: count, by: 4).map { place in
            let bits = (0..<4).reduce(UInt32(0)) {
                $0 | UInt32(self[startIndex + place + $1]) << (8 * UInt32($1))
            }
            return Float(bitPattern: bits)
        }
    }

    init(floats: [Float]) {
        self.init(
            floats.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
            })
    }
}
