import Glibc

/// Rotary position embedding, from Su and others 2021, with the scalings of long-context checkpoints.
///
/// Pairs (x_i, x_{i + width / 2}) of a head turn by position · f_i, f_i = base^(-2 i / width).
package struct RotaryEmbedding: Equatable, Sendable {
    /// How f_i is changed for positions past those of the first training.
    package enum Scaling: Equatable, Sendable {
        case none
        /// f_i / factor (Chen et al. 2023, position interpolation).
        case linear(factor: Float)
        /// Llama 3.1: low frequencies as `linear`, high ones as they are, a blend between.
        case llama3(factor: Float, low: Float, high: Float, positionCount: Float)
    }

    package let base: Double
    package let scaling: Scaling

    /// Reads `rope_theta` and `rope_scaling`, or `rope_parameters`, which newer files have instead.
    init(_ config: JSONObject, positionCount: Int) throws(ModelError) {
        if config.present("partial_rotary_factor") != nil {
            guard try config.number("partial_rotary_factor") == 1 else {
                throw ModelError(
                    .unsupported, "\(config.place): partial_rotary_factor is not supported")
            }
        }
        if config.present("rope_parameters") != nil {
            let parameters = try config.object("rope_parameters")
            base = try Self.base(parameters)
            scaling = try Self.scaling(parameters)
            return
        }
        base = Self.predatesBase(config) ? 10_000 : try Self.base(config)
        guard config.present("rope_scaling") != nil else {
            scaling = .none
            return
        }
        scaling = try Self.scaling(try config.object("rope_scaling"))
    }

    private static func base(_ object: JSONObject) throws(ModelError) -> Double {
        let base = try object.number("rope_theta")
        guard base > 0, base <= 1e12 else {
            throw ModelError(
                .malformed, "\(object.place): 'rope_theta' must lie in 0...1e12, not \(base)")
        }
        return base
    }

    /// Whether a Llama's file comes from a program that had no `rope_theta` to write.
    private static func predatesBase(_ config: JSONObject) -> Bool {
        guard config.present("rope_theta") == nil, case .string("llama") = config["model_type"],
            case .string(let version) = config["transformers_version"]
        else { return false }
        let numbers = version.split(separator: ".").prefix(2).map { Int($0) ?? .max }
        return numbers.count == 2 && (numbers[0], numbers[1]) < (4, 33)
    }

    private static func scaling(_ object: JSONObject) throws(ModelError) -> Scaling {
        // "type" is what files before transformers 4.43 call it.
        let key = object.present("rope_type") == nil ? "type" : "rope_type"
        let kind = try object.string(key)
        let common: Set<String> = ["rope_type", "type", "rope_theta"]
        switch kind {
        case "default":
            try object.refuseKeys(besides: common)
            return .none
        case "linear":
            try object.refuseKeys(besides: common.union(["factor"]))
            return .linear(factor: try positive(object, "factor"))
        case "llama3":
            try object.refuseKeys(
                besides: common.union([
                    "factor", "low_freq_factor", "high_freq_factor",
                    "original_max_position_embeddings",
                ]))
            return try llama3(object)
        default:
            throw ModelError(
                .unsupported, "\(object.place): \(key) '\(kind)' is not supported",
                hint: "These are: default, linear, llama3.")
        }
    }

    private static func llama3(_ object: JSONObject) throws(ModelError) -> Scaling {
        let low = try positive(object, "low_freq_factor")
        let high = try positive(object, "high_freq_factor")
        guard low < high else {
            throw ModelError(
                .malformed,
                "\(object.place): low_freq_factor \(low) is not below high_freq_factor \(high)")
        }
        let positions = try object.integer(
            "original_max_position_embeddings", in: 1...DecoderConfiguration.positionCountMax)
        return .llama3(
            factor: try positive(object, "factor"), low: low, high: high,
            positionCount: Float(positions))
    }

    private static func positive(_ object: JSONObject, _ key: String) throws(ModelError) -> Float {
        let number = try object.number(key)
        guard number > 0, number <= 1e6 else {
            throw ModelError(
                .malformed, "\(object.place): '\(key)' must lie in 0...1e6, not \(number)")
        }
        return Float(number)
    }

    /// Returns f_i of heads of a width, in single precision step by step, as checkpoints were trained.
    package func frequencies(headWidth: Int) -> [Float] {
        (0..<headWidth / 2).map { i in
            let exponent = Float(2 * i) / Float(headWidth)
            return scaled(1 / Float(pow(base, Double(exponent))))
        }
    }

    private func scaled(_ frequency: Float) -> Float {
        switch scaling {
        case .none: return frequency
        case .linear(let factor): return frequency / factor
        case .llama3(let factor, let low, let high, let positionCount):
            let wavelength = 2 * Float.pi / frequency
            if wavelength < positionCount / high { return frequency }
            if wavelength > positionCount / low { return frequency / factor }
            let share = (positionCount / wavelength - low) / (high - low)
            return (1 - share) * frequency / factor + share * frequency
        }
    }
}

/// Cosines and sines of some tokens' positions.
package struct Rotations: Sendable {
    /// Half of a head's width.
    private let half: Int
    /// (tokens, half).
    private let cosines: [Float]
    private let sines: [Float]

    package init(frequencies: [Float], positions: some Sequence<Int>) {
        half = frequencies.count
        var cosines: [Float] = []
        var sines: [Float] = []
        cosines.reserveCapacity(positions.underestimatedCount * half)
        sines.reserveCapacity(positions.underestimatedCount * half)
        for position in positions {
            for frequency in frequencies {
                // Rounded before the cosine is taken, as in training.
                let angle = Double(Float(position) * frequency)
                cosines.append(Float(cos(angle)))
                sines.append(Float(sin(angle)))
            }
        }
        self.cosines = cosines
        self.sines = sines
    }

    /// Turns `headCount` heads, one after the other, of the token in a row.
    package func turn(_ heads: UnsafeMutablePointer<Float>, headCount: Int, token: Int) {
        turn(heads, headCount: headCount, token: token, sign: 1)
    }

    /// Turns heads by the opposite angles, as gradients are.
    package func turnBack(_ heads: UnsafeMutablePointer<Float>, headCount: Int, token: Int) {
        turn(heads, headCount: headCount, token: token, sign: -1)
    }

    private func turn(
        _ heads: UnsafeMutablePointer<Float>, headCount: Int, token: Int, sign: Float
    ) {
        cosines.withUnsafeBufferPointer { cosines in
            sines.withUnsafeBufferPointer { sines in
                for head in 0..<headCount {
                    let x = heads + head * 2 * half
                    for i in 0..<half {
                        let (c, s) = (cosines[token * half + i], sign * sines[token * half + i])
                        let (a, b) = (x[i], x[half + i])
                        x[i] = a * c - b * s
                        x[half + i] = b * c + a * s
                    }
                }
            }
        }
    }
}
