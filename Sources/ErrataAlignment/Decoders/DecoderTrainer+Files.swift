package import ErrataModels

/// A checkpoint holds what the next step needs; see ``DecoderTrainer``.
extension DecoderTrainer {
    private static let format = "errata decoder training 1"

    private var origins: [TrainingCheckpoint.Origin] {
        [
            ("format", Self.format, "format"), ("recipe", recipe.json, "recipe"),
            ("data", hexadecimal(dataHash), "set of texts"),
            ("base", hexadecimal(baseHash), "model"),
        ]
    }

    /// Writes a checkpoint; the one that was there stays if anything fails.
    package func save(to path: String) throws(ModelError) {
        let findings = evaluations.flatMap { step, found in
            [Float(step), Float(found.loss), Float(found.tokenCount), Float(found.rightCount)]
        }
        try TrainingCheckpoint(table, optimizer, losses: losses, findings: findings)
            .write(origins, to: path)
    }

    /// Goes on from a checkpoint of the same recipe, texts and model.
    package func resume(directory: String, name: String) throws(ModelError) {
        let checkpoint = try TrainingCheckpoint(
            directory: directory, name: name, origins, count: table.count, stepCount: stepCount)
        table.values = checkpoint.values
        losses = checkpoint.losses
        let findings = checkpoint.findings
        evaluations = stride(from: 0, to: findings.count / 4 * 4, by: 4).map { i in
            (
                Int(findings[i]),
                Evaluation(
                    loss: Double(findings[i + 1]), tokenCount: Int(findings[i + 2]),
                    rightCount: Int(findings[i + 3]))
            )
        }
        (optimizer.first, optimizer.second) = (checkpoint.first, checkpoint.second)
        optimizer.step = losses.count
    }
}

/// What a training leaves: a checkpoint for transformers, or an adapter for PEFT.
extension DecoderTrainer {
    /// Writes what training made into an existing directory, with a model card.
    ///
    /// Each file appears whole or not at all, the weights last. An adapter is always float32.
    package func writeResult(
        to directory: String, as type: SafeTensorsWriter.ElementType = .float32
    ) throws {
        let card = DecoderCard(trainer: self).text
        guard case .lora(let settings) = recipe.method else {
            return try base.writeCheckpoint(to: directory, as: type, card: card) {
                name throws(ModelError) in
                guard let entry = table[name] else {
                    throw ModelError(.mismatch, "tensor '\(name)' was not trained")
                }
                return table.values[entry.range]
            }
        }
        try LoraFiles.write(
            settings, of: base, to: directory, card: card,
            tensors: table.entries.map { ($0.name, $0.shape, table.values[$0.range]) })
    }
}
