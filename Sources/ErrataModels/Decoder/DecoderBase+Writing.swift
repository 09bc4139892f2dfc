import Foundation

/// Directories that the ecosystem loads, made of a base and what training changed of it.
extension DecoderBase {
    package static let cardName = "README.md"

    /// Writes a Hugging Face checkpoint into an existing directory: configuration, tokenizer, `card`, weights.
    ///
    /// `tensor` returns what a tensor is now. Each file appears whole or not at all, the weights last.
    package func writeCheckpoint(
        to directory: String, as type: SafeTensorsWriter.ElementType = .float32, card: String,
        tensor: (String) throws(ModelError) -> ArraySlice<Float>
    ) throws {
        let skipped: Set = ["config.json", Self.cardName, "adapter_config.json"]
        try ModelTexts.copy(from: self.directory, to: directory, besides: skipped)
        try AtomicFile.write(Array(newConfig(type).utf8), to: directory + "/config.json")
        try AtomicFile.write(Array(card.utf8), to: directory + "/" + Self.cardName)
        var file = SafeTensorsWriter(metadata: [("format", "pt")])
        for (name, shape) in source.shapes.sorted(by: { $0.key < $1.key }) {
            file.add(name, shape: shape, try tensor(name), as: type)
        }
        try file.write(to: directory + "/model.safetensors")
    }

    /// `config.json` with the type that the weights are written in.
    private func newConfig(_ type: SafeTensorsWriter.ElementType) -> String {
        // transformers 5 calls it "dtype".
        let names = ["dtype", "torch_dtype"]
        let key = names.first { config[$0] != nil } ?? "torch_dtype"
        let value = JSONValue.string(type == .float32 ? "float32" : "bfloat16")
        let members =
            config.members.filter { !names.contains($0.key) } + [.init(key: key, value: value)]
        return JSONValue.object(JSONObject(place: config.place, members: members)).text() + "\n"
    }

    /// Writes the checkpoint that the base and the adapters that were merged into it make.
    ///
    /// `target` must not exist yet; it appears whole or not at all.
    package func export(
        to target: String, as type: SafeTensorsWriter.ElementType, card: String
    ) throws {
        let target = target.hasSuffix("/") ? String(target.dropLast()) : target
        guard (try? FileManager.default.attributesOfItem(atPath: target)) == nil else {
            throw ModelError(
                .mismatch, "'\(target)' exists already", hint: "Name a directory that does not.")
        }
        let parent = NSString(string: target).deletingLastPathComponent
        let work = try WorkDirectory.make(
            in: parent.isEmpty ? "." : parent, purpose: "export")
        defer { try? FileManager.default.removeItem(atPath: work) }
        let draft = work + "/" + NSString(string: target).lastPathComponent
        try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: false)
        try writeCheckpoint(to: draft, as: type, card: card) { name throws(ModelError) in
            try source.floats(name)[...]
        }
        guard rename(draft, target) == 0 else { throw AtomicFile.unwritable(target, errno) }
        try AtomicFile.syncDirectory(parent.isEmpty ? "." : parent)
    }
}

/// A LoRA adapter as PEFT's files hold it.
package enum LoraFiles {
    /// Writes `adapter_config.json`, `card` and the tensors into an existing directory, each whole or not at all.
    package static func write(
        _ settings: LoraSettings, of base: DecoderBase, to directory: String, card: String,
        tensors: [(name: String, shape: [Int], values: ArraySlice<Float>)]
    ) throws(ModelError) {
        try AtomicFile.write(
            Array((config(settings, base) + "\n").utf8), to: directory + "/adapter_config.json")
        try AtomicFile.write(Array(card.utf8), to: directory + "/" + DecoderBase.cardName)
        var file = SafeTensorsWriter(metadata: [("format", "pt")])
        for tensor in tensors { file.add(tensor.name, shape: tensor.shape, tensor.values) }
        try file.write(to: directory + "/adapter_model.safetensors")
    }

    private static func config(_ settings: LoraSettings, _ base: DecoderBase) -> String {
        let members: [(String, JSONValue)] = [
            ("base_model_name_or_path", .string(base.directory)),
            ("bias", .string("none")),
            ("fan_in_fan_out", .boolean(false)),
            ("inference_mode", .boolean(true)),
            ("init_lora_weights", .boolean(true)),
            ("lora_alpha", .number(number(settings.alpha))),
            ("lora_dropout", .number(number(settings.dropout))),
            ("peft_type", .string("LORA")),
            ("r", .number(String(settings.rank))),
            ("target_modules", .array(settings.modules.map { .string($0.rawValue) })),
            ("task_type", .string("CAUSAL_LM")),
            ("use_rslora", .boolean(settings.isStabilized)),
        ]
        return JSONValue.object(
            JSONObject(
                place: "adapter_config.json", members: members.map { .init(key: $0, value: $1) })
        ).text()
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }
}
