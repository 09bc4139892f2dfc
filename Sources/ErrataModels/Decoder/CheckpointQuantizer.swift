import Foundation

/// Writes a decoder's directory with its linear weights in 8 bits; see ``DecoderQuantization``.
package struct CheckpointQuantizer {
    /// What was written.
    package struct Report: Sendable {
        package let sourceByteCount: Int
        package let byteCount: Int
        /// How long the new directory takes to load.
        package let loadDuration: Duration
    }

    private let directory: String
    private let config: JSONObject
    private let checkpoint: Checkpoint
    private let weights: DecoderWeights
    private let shapes: [String: [Int]]
    private let isCancelled: () -> Bool
    private let progress: (Int, Int) -> Void

    /// Writes the model in `directory` to `target`, which must not exist yet; `adapters` are merged into it.
    ///
    /// `target` appears whole or not at all: it is put together beside its place, synced, loaded once and
    /// renamed. `progress` hears how many bytes of how many are written.
    package static func quantize(
        directory: String, to target: String, mergingAdapters adapters: [String] = [],
        isCancelled: () -> Bool = { false }, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> Report {
        let target = target.hasSuffix("/") ? String(target.dropLast()) : target
        let parent = NSString(string: target).deletingLastPathComponent
        guard (try? FileManager.default.attributesOfItem(atPath: target)) == nil else {
            throw ModelError(
                .mismatch, "'\(target)' exists already", hint: "Name a directory that does not.")
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: parent, isDirectory: &isDirectory),
            isDirectory.boolValue
        else { throw ModelError(.unreadable, "there is no directory '\(parent)'") }
        return try withoutActuallyEscaping(isCancelled) { isCancelled in
            try withoutActuallyEscaping(progress) { progress in
                let quantizer = try CheckpointQuantizer(
                    directory, adapters, isCancelled: isCancelled, progress: progress)
                return try quantizer.write(to: target, parent: parent)
            }
        }
    }

    private init(
        _ directory: String, _ adapters: [String], isCancelled: @escaping () -> Bool,
        progress: @escaping (Int, Int) -> Void
    ) throws(ModelError) {
        self.directory = directory
        var files = ModelFiles(directory: directory)
        self.isCancelled = isCancelled
        self.progress = progress
        config = try JSONReader.object(try files.bytes("config.json"), place: "config.json")
        let configuration = try DecoderConfiguration(config)
        guard configuration.quantization == nil else {
            throw ModelError(.mismatch, "the weights of '\(files.name)' are in 8 bits already")
        }
        var loaded: [LoraAdapter] = []
        for adapter in adapters {
            loaded.append(
                try LoraAdapter(directory: adapter, base: configuration, kernels: .current))
        }
        checkpoint = try Checkpoint(&files)
        weights = try DecoderWeights(
            checkpoint, configuration, precision: .int8, adapters: loaded, kernels: .current)
        shapes = DecoderTensors.shapes(configuration)
    }

    private func write(to target: String, parent: String) throws -> Report {
        let work = try WorkDirectory.make(in: parent, purpose: "quantize")
        defer { try? FileManager.default.removeItem(atPath: work) }
        let draft = work + "/" + NSString(string: target).lastPathComponent
        try FileManager.default.createDirectory(atPath: draft, withIntermediateDirectories: false)
        let (sourceByteCount, byteCount) = try writeWeights(to: draft)
        try AtomicFile.write(Array(newConfig.utf8), to: draft + "/config.json")
        try ModelTexts.copy(from: directory, to: draft, besides: ["config.json"])
        try AtomicFile.syncDirectory(draft)
        let start = ContinuousClock.now
        _ = try CausalDecoder(directory: draft, threads: 1)
        let loadDuration = ContinuousClock.now - start
        if isCancelled() { throw CancellationError() }
        // An empty directory that somebody made meanwhile is replaced, anything else is not.
        guard rename(draft, target) == 0 else { throw AtomicFile.unwritable(target, errno) }
        try AtomicFile.syncDirectory(parent)
        return Report(
            sourceByteCount: sourceByteCount, byteCount: byteCount, loadDuration: loadDuration)
    }

    private var newConfig: String {
        let members =
            config.members.filter { $0.key != "quantization_config" }
            + [.init(key: "quantization_config", value: DecoderQuantization.int8Panels.json)]
        return JSONValue.object(JSONObject(place: config.place, members: members)).text() + "\n"
    }
}

extension CheckpointQuantizer {
    /// A tensor that is not a linear weight, as it lies in the source.
    private struct Plain {
        let header: SafeTensorsHeader.Tensor
        let elementByteCount: Int
    }

    /// Writes the safetensors file; returns how many bytes the source's tensors and the new ones have.
    private func writeWeights(to draft: String) throws -> (source: Int, written: Int) {
        let linear = shapes.keys.filter { shapes[$0].map(DecoderTensors.isLinear) ?? false }
            .sorted()
        let plain = try plainTensors()
        let header = SafeTensorsHeader(
            linear.map { panels(of: $0) } + plain.map(\.header), metadata: [("format", "pt")],
            alignment: 64)
        let name = "model.safetensors"
        let file = try DraftFile(draft + "/" + name, name: name)
        try file.write(header.bytes)
        var done = 0
        func written(_ count: Int) throws {
            done += count
            progress(done, header.dataByteCount)
            if isCancelled() { throw CancellationError() }
        }
        var scales: [String: [Float]] = [:]
        for name in linear {
            let weight = try weights.quantized(name)
            let failure = weight.withPacked {
                file.failure(writing: UnsafeRawBufferPointer($0))
            }
            if let failure { throw failure }
            scales[DecoderQuantization.scaleName(name)] = weight.scales
            try written(panels(of: name).byteCount)
        }
        for tensor in plain {
            try file.write(try bytes(of: tensor, scales))
            try written(tensor.header.byteCount)
        }
        try file.sync()
        let source = try checkpoint.byteCounts().values.reduce(0, +)
        return (source, header.dataByteCount)
    }

    private func panels(of name: String) -> SafeTensorsHeader.Tensor {
        let shape = DecoderQuantization.panelsShape(shapes[name] ?? [])
        return SafeTensorsHeader.Tensor(
            name: DecoderQuantization.panelsName(name), type: "U8", shape: shape,
            byteCount: shape.reduce(1, *))
    }

    /// Returns scales and what stays as it is, those of wider elements first: all lie aligned.
    private func plainTensors() throws(ModelError) -> [Plain] {
        var list: [Plain] = []
        for (name, shape) in shapes {
            let isLinear = DecoderTensors.isLinear(shape)
            let type = isLinear ? "F32" : try checkpoint.type(of: name)
            let stored = isLinear ? [shape[0]] : shape
            let size = try SafeTensors.elementByteCount(type, place: name)
            list.append(
                Plain(
                    header: SafeTensorsHeader.Tensor(
                        name: isLinear ? DecoderQuantization.scaleName(name) : name, type: type,
                        shape: stored, byteCount: stored.reduce(size, *)),
                    elementByteCount: size))
        }
        return list.sorted {
            ($1.elementByteCount, $0.header.name) < ($0.elementByteCount, $1.header.name)
        }
    }

    private func bytes(
        of tensor: Plain, _ scales: [String: [Float]]
    ) throws(ModelError) -> [UInt8] {
        let header = tensor.header
        guard let scales = scales[header.name] else {
            return try checkpoint.bytes(of: header.name, type: header.type, shape: header.shape)
                .withUnsafeBytes { Array($0) }
        }
        return scales.flatMap { scale in
            withUnsafeBytes(of: scale.bitPattern.littleEndian) { Array($0) }
        }
    }
}
