import ErrataModels

/// What the next step of a training needs, as a file: numbers, the optimizer's means, the losses so far.
struct TrainingCheckpoint {
    /// What must be the same when a training goes on: a key of the file, its value, and what people call it.
    typealias Origin = (key: String, value: String, what: String)

    let values: [Float]
    let first: [Float]
    let second: [Float]
    let losses: [Float]
    /// What was found while training, some numbers each time; the reader's training keeps none.
    let findings: [Float]

    init(
        _ table: ParameterTable, _ optimizer: AdamW, losses: [Float], findings: [Float] = []
    ) {
        values = table.values
        (first, second) = (optimizer.first, optimizer.second)
        self.losses = losses
        self.findings = findings
    }

    /// Writes the file; the one that was there stays if anything fails.
    func write(_ origins: [Origin], to path: String) throws(ModelError) {
        var file = SafeTensorsWriter(
            metadata: origins.map { ($0.key, $0.value) } + [("step", String(losses.count))])
        file.add("values", shape: [values.count], values)
        file.add("first", shape: [first.count], first)
        file.add("second", shape: [second.count], second)
        file.add("losses", shape: [losses.count], losses)
        if !findings.isEmpty { file.add("findings", shape: [findings.count], findings) }
        try file.write(to: path)
    }

    /// Reads the file of a training of the same origins, with `count` numbers.
    init(
        directory: String, name: String, _ origins: [Origin], count: Int, stepCount: Int
    ) throws(ModelError) {
        let file = try SafeTensors(directory: directory, name: name)
        for (key, expected, what) in origins {
            guard let found = file.metadata[key] else {
                throw ModelError(.malformed, "\(name): metadata '\(key)' is missing")
            }
            guard found == expected else {
                throw ModelError(
                    .mismatch, "\(name) was made with another \(what): \(found), now \(expected)",
                    hint: "Resume with the same \(what), or start anew in another directory.")
            }
        }
        guard let step = file.metadata["step"].flatMap({ Int($0) }),
            (0...stepCount).contains(step)
        else {
            throw ModelError(.malformed, "\(name): 'step' must be 0 to \(stepCount)")
        }
        losses = try file.floats("losses", shape: [step])
        findings =
            try file.shapes["findings"].map { shape throws(ModelError) in
                try file.floats("findings", shape: shape)
            } ?? []
        first = try file.floats("first", shape: [count])
        second = try file.floats("second", shape: [count])
        values = try file.floats("values", shape: [count])
    }
}
