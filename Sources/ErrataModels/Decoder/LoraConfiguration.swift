/// What an adapter's `adapter_config.json` says that changes a number.
///
/// Keys that PEFT adds for variants of LoRA are refused by name if they are switched on.
struct LoraConfiguration: Equatable, Sendable {
    static let rankMax = 4096

    let rank: Int
    /// What B A is multiplied by: alpha / r, or alpha / √r (rank-stabilized; Kalajdzievski 2023).
    let scale: Float
    let modules: [DecoderModule]

    /// Keys that say nothing about the numbers, or are read below.
    private static let known: Set<String> = [
        "auto_mapping", "base_model_name_or_path", "bias", "fan_in_fan_out",
        "inference_mode", "init_lora_weights", "lora_alpha", "lora_dropout", "megatron_core",
        "peft_type", "peft_version", "qalora_group_size", "r", "revision", "target_modules",
        "task_type", "use_rslora",
    ]

    init(_ config: JSONObject) throws(ModelError) {
        try config.require("peft_type", is: "LORA")
        try config.require("bias", is: "none")
        try Self.checkStart(config)
        guard try !config.boolean("fan_in_fan_out") else {
            throw ModelError(.unsupported, "\(config.place): fan_in_fan_out is not supported")
        }
        for member in config.members where !Self.known.contains(member.key) {
            guard member.value.isOff else {
                throw ModelError(.unsupported, "\(config.place): \(member.key) is not supported")
            }
        }
        rank = try config.integer("r", in: 1...Self.rankMax)
        let alpha = try config.number("lora_alpha")
        // Files of PEFT before 0.8 had no such key.
        let isStabilized =
            config.present("use_rslora") == nil ? false : try config.boolean("use_rslora")
        let divisor = isStabilized ? Double(rank).squareRoot() : Double(rank)
        scale = Float(alpha / divisor)
        guard scale.isFinite else {
            throw ModelError(.malformed, "\(config.place): lora_alpha \(alpha) is too large")
        }
        modules = try Self.modules(config)
    }

    /// Refuses starts that change the base model too (PiSSA, OLoRA and others).
    private static func checkStart(_ config: JSONObject) throws(ModelError) {
        switch config["init_lora_weights"] {
        case nil, .null, .boolean, .string("gaussian"), .string("orthogonal"): return
        case .some(let value):
            let name = if case .string(let name) = value { name } else { value.kind }
            throw ModelError(
                .unsupported, "\(config.place): init_lora_weights '\(name)' is not supported")
        }
    }

    private static func modules(_ config: JSONObject) throws(ModelError) -> [DecoderModule] {
        if case .string = try config.required("target_modules") {
            throw ModelError(
                .unsupported,
                "\(config.place): target_modules as a pattern is not supported, only a list")
        }
        var modules: [DecoderModule] = []
        for value in try config.array("target_modules") {
            guard case .string(let name) = value else {
                throw ModelError(
                    .malformed, "\(config.place): 'target_modules' holds \(value.kind)")
            }
            guard let module = DecoderModule(rawValue: name) else {
                throw ModelError(
                    .unsupported, "\(config.place): target module '\(name)' is not supported",
                    hint: "These are: "
                        + DecoderModule.allCases.map(\.rawValue).joined(separator: ", ") + ".")
            }
            modules.append(module)
        }
        return modules
    }
}

extension JSONValue {
    /// Whether a switch with this value is off: null, false, or empty.
    fileprivate var isOff: Bool {
        switch self {
        case .null, .boolean(false): true
        case .object(let object): object.members.isEmpty
        case .array(let items): items.isEmpty
        case .string(let text): text.isEmpty
        case .number, .boolean(true): false
        }
    }
}
