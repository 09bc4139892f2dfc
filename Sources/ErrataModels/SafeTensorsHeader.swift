/// What stands in a safetensors file before the data: see ``SafeTensors``.
struct SafeTensorsHeader {
    struct Tensor {
        let name: String
        let type: String
        let shape: [Int]
        let byteCount: Int
    }

    /// The length and the header.
    let bytes: [UInt8]
    let dataByteCount: Int

    /// Describes tensors that lie one behind the other, at a multiple of `alignment`, itself one of 8.
    init(
        _ tensors: [Tensor], metadata: [(key: String, value: String)] = [], alignment: Int = 8
    ) {
        var text = "{"
        if !metadata.isEmpty {
            let members = metadata.map { "\($0.key.jsonText):\($0.value.jsonText)" }
            text += "\"__metadata__\":{\(members.joined(separator: ","))}"
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.byteCount
            text += text == "{" ? "" : ","
            text +=
                "\(tensor.name.jsonText):{\"dtype\":\"\(tensor.type)\","
                + "\"shape\":[\(tensor.shape.map(String.init).joined(separator: ","))],"
                + "\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        text += "}"
        // The length counts too: data starts at a multiple in the file.
        let rest = (8 + text.utf8.count) % alignment
        text += String(repeating: " ", count: (alignment - rest) % alignment)
        bytes =
            withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian, Array.init) + Array(text.utf8)
        dataByteCount = offset
    }
}
