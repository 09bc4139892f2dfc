package import ErrataModels

/// A checkpoint holds what the next step needs; see ``Trainer``.
extension Trainer {
    private static let format = "errata training 1"

    /// Writes a checkpoint; the one that was there stays if anything fails.
    package func save(to path: String) throws(ModelError) {
        var file = SafeTensorsWriter(metadata: [
            ("format", Self.format), ("recipe", recipe.json), ("data", hexadecimal(dataHash)),
            ("base", hexadecimal(encoder.identity)), ("step", String(losses.count)),
        ])
        file.add("values", shape: [table.count], table.values)
        file.add("first", shape: [table.count], optimizer.first)
        file.add("second", shape: [table.count], optimizer.second)
        file.add("losses", shape: [losses.count], losses)
        try file.write(to: path)
    }

    /// Goes on from a checkpoint of the same recipe, pairs and encoder.
    package func resume(directory: String, name: String) throws(ModelError) {
        let file = try SafeTensors(directory: directory, name: name)
        func check(_ key: String, _ expected: String, _ what: String) throws(ModelError) {
            guard let found = file.metadata[key] else {
                throw ModelError(.malformed, "\(name): metadata '\(key)' is missing")
            }
            guard found == expected else {
                throw ModelError(
                    .mismatch, "\(name) was made with another \(what): \(found), now \(expected)",
                    hint: "Resume with the same \(what), or start anew in another directory.")
            }
        }
        try check("format", Self.format, "format")
        try check("recipe", recipe.json, "recipe")
        try check("data", hexadecimal(dataHash), "set of pairs")
        try check("base", hexadecimal(encoder.identity), "encoder")
        guard let step = file.metadata["step"].flatMap({ Int($0) }),
            (0...recipe.stepCount).contains(step)
        else {
            throw ModelError(.malformed, "\(name): 'step' must be 0 to \(recipe.stepCount)")
        }
        let losses = try file.floats("losses", shape: [step])
        let first = try file.floats("first", shape: [table.count])
        let second = try file.floats("second", shape: [table.count])
        table.values = try file.floats("values", shape: [table.count])
        self.losses = losses
        (optimizer.first, optimizer.second, optimizer.step) = (first, second, step)
        reader.prepare(table.values)
    }

    /// Writes the reader as it is now: what ``ReaderWeights`` reads.
    ///
    /// Low-rank factors and whole matrices are rounded to bfloat16; norms, segments and heads stay float32.
    package func writeReader(
        to path: String, calibration: ReaderCalibration
    ) throws(ModelError) {
        try readerFile(calibration: calibration).write(to: path)
    }

    func readerFile(calibration: ReaderCalibration) -> SafeTensorsWriter {
        let (rank, scale): (Int, Float) =
            switch recipe.method {
            case .full: (0, 0)
            case .lowRank(let rank, let scale): (rank, scale)
            }
        var file = SafeTensorsWriter(metadata: [
            ("format", ReaderWeights.format), ("base", hexadecimal(encoder.identity)),
            ("rank", String(rank)), ("scale", String(scale)),
            ("calibration", calibration.json), ("data", hexadecimal(dataHash)),
            ("recipe", recipe.json), ("step", String(losses.count)),
        ])
        for entry in table.entries {
            let values = Array(table.values[entry.range])
            let isMatrix = entry.decays && entry.group == .encoder
            let turned = ".lora_B.transposed"
            if entry.name.hasSuffix(turned) {
                let (rank, outputs) = (entry.shape[0], entry.shape[1])
                let up = Tensor(rows: rank, columns: outputs, values)
                file.add(
                    entry.name.dropLast(turned.count) + ".lora_B.weight", shape: [outputs, rank],
                    up.transposed(columns: 0..<outputs).values, as: .bfloat16)
            } else {
                file.add(
                    entry.name, shape: entry.shape, values, as: isMatrix ? .bfloat16 : .float32)
            }
        }
        return file
    }
}
