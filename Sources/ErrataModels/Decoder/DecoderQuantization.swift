import CErrataKernels

/// How a checkpoint's linear weights were written in 8 bits, ahead of time.
///
/// `errata models quantize` writes a Hugging Face directory whose `config.json` has
///
///     "quantization_config": {"quant_method": "errata", "format": "int8-panels", "version": 1}
///
/// In place of each linear weight `x.weight`, (outputs, inputs), embeddings and the last map among them,
/// its safetensors file holds two tensors, from which the products are computed as they lie there:
///
///     x.weight_panels   U8    (panels of 16 outputs, quads of 4 inputs, 16, 4), rounded up; byte
///                             [p, q, o, i] is 128 + the weight of output 16 p + o and input 4 q + i in
///                             steps of its output's scale; 128 where there is none
///     x.weight_scale    F32   (outputs), each finite and not negative
///
/// A weight is its scale times its steps, -127...127, rounded to nearest, ties away from zero; the largest
/// of an output has 127. An output whose weights are too small to be divided so has scale and steps 0.
/// Every other tensor and file stays as it is. Panels come first, at multiples of 64 bytes of the file, by
/// name; then the others, by size of their elements and name.
package enum DecoderQuantization: String, Sendable {
    case int8Panels = "int8-panels"

    static let method = "errata"
    static let version = 1

    /// Reads `quantization_config`.
    init(_ object: JSONObject) throws(ModelError) {
        let method = try object.string("quant_method")
        guard method == Self.method else {
            throw ModelError(
                .unsupported, "\(object.place): quant_method '\(method)' is not supported",
                hint: "Use the checkpoint in float32, float16 or bfloat16.")
        }
        try object.refuseKeys(besides: ["quant_method", "format", "version"])
        let format = try object.string("format")
        let version = try object.integer("version", in: 0...Int.max)
        guard let known = Self(rawValue: format), version == Self.version else {
            throw ModelError(
                .unsupported,
                "\(object.place): format '\(format)' of version \(version) is not supported, only "
                    + "'\(Self.int8Panels.rawValue)' of version \(Self.version)")
        }
        self = known
    }

    /// What `init` reads.
    var json: JSONValue {
        .object(
            JSONObject(
                place: "quantization_config",
                members: [
                    .init(key: "quant_method", value: .string(Self.method)),
                    .init(key: "format", value: .string(rawValue)),
                    .init(key: "version", value: .number(String(Self.version))),
                ]))
    }

    static func panelsName(_ weight: String) -> String { weight + "_panels" }

    static func scaleName(_ weight: String) -> String { weight + "_scale" }

    /// Returns the shape of the panels of a weight, (outputs, inputs).
    static func panelsShape(_ shape: [Int]) -> [Int] {
        [(shape[0] + 15) / 16, (shape[1] + 3) / 4, 16, 4]
    }
}

extension DecoderTensors {
    /// Returns the names and shapes that a file holds in place of these.
    static func quantized(_ shapes: [String: [Int]]) -> [String: [Int]] {
        var stored: [String: [Int]] = [:]
        for (name, shape) in shapes {
            if isLinear(shape) {
                stored[DecoderQuantization.panelsName(name)] =
                    DecoderQuantization.panelsShape(shape)
                stored[DecoderQuantization.scaleName(name)] = [shape[0]]
            } else {
                stored[name] = shape
            }
        }
        return stored
    }

    /// Whether a tensor of this shape is the weight of a linear map: embeddings are, norms and biases not.
    static func isLinear(_ shape: [Int]) -> Bool { shape.count == 2 }
}

extension QuantizedWeight {
    /// Maps a weight of this name and shape that lies in panels.
    init(
        _ tensors: any TensorSource, _ name: String, shape: [Int], kernels: Kernels
    ) throws(ModelError) {
        let scaleName = DecoderQuantization.scaleName(name)
        guard try tensors.type(of: scaleName) == "F32" else {
            throw ModelError(
                .unsupported,
                "\(tensors.name): tensor '\(scaleName)' has type "
                    + "\(try tensors.type(of: scaleName)), expected F32")
        }
        let scales = try tensors.floats(scaleName, shape: [shape[0]])
        if let place = scales.firstIndex(where: { $0 < 0 }) {
            throw ModelError(
                .malformed,
                "\(tensors.name): tensor '\(scaleName)' holds \(scales[place]) at \(place)")
        }
        self.init(
            packed: try tensors.bytes(
                of: DecoderQuantization.panelsName(name), type: "U8",
                shape: DecoderQuantization.panelsShape(shape)),
            scales: scales, outputs: shape[0], inputs: shape[1], kernels: kernels)
    }
}
