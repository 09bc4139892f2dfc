package import ErrataModels

/// A checkpoint holds what the next step needs; see ``Trainer``.
extension Trainer {
    private static let format = "errata training 1"

    private var origins: [TrainingCheckpoint.Origin] {
        [
            ("format", Self.format, "format"), ("recipe", recipe.json, "recipe"),
            ("data", hexadecimal(dataHash), "set of pairs"),
            ("base", hexadecimal(encoder.identity), "encoder"),
        ]
    }

    /// Writes a checkpoint; the one that was there stays if anything fails.
    package func save(to path: String) throws(ModelError) {
        try TrainingCheckpoint(table, optimizer, losses: losses).write(origins, to: path)
    }

    /// Goes on from a checkpoint of the same recipe, pairs and encoder.
    package func resume(directory: String, name: String) throws(ModelError) {
        let checkpoint = try TrainingCheckpoint(
            directory: directory, name: name, origins, count: table.count,
            stepCount: recipe.stepCount)
        table.values = checkpoint.values
        losses = checkpoint.losses
        (optimizer.first, optimizer.second) = (checkpoint.first, checkpoint.second)
        optimizer.step = losses.count
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
