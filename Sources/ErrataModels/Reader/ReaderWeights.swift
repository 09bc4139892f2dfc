import CErrataReader

/// What training made of the encoder for reading: a delta, four segment vectors and three heads.
///
/// The file is safetensors with the metadata
///
///     format       "errata reader 1"
///     base         the identity of the encoder it belongs to, in hexadecimal
///     rank, scale  of the low-rank updates; rank 0 if there are none
///     calibration  see ``ReaderCalibration``
///
/// and the tensors of ``WeightDelta`` beside `reader.segment.weight` (4, width), `reader.scope.weight`
/// and `reader.direction.weight` (1, width), `reader.span.weight` (2, width), and their biases.
package struct ReaderWeights {
    package static let format = "errata reader 1"
    package static let rankMax = 1024

    package let base: String
    package let calibration: ReaderCalibration
    package let sha256: [UInt8]
    let file: SafeTensors
    let delta: WeightDelta

    /// The reader that is part of the program.
    package static func shipped() throws(ModelError) -> ReaderWeights {
        try ReaderWeights(
            MappedFile(
                name: "reader.safetensors",
                programBytes: UnsafeRawBufferPointer(
                    start: errata_reader_start(), count: errata_reader_byte_count())))
    }

    /// Opens a reader file.
    package init(file path: String) throws(ModelError) {
        guard let slash = path.lastIndex(of: "/") else {
            try self.init(directory: ".", name: path)
            return
        }
        try self.init(
            directory: String(path[..<slash]), name: String(path[path.index(after: slash)...]))
    }

    package init(directory: String, name: String) throws(ModelError) {
        try self.init(
            MappedFile(
                directory: directory, name: name, byteCountMax: ModelFiles.weightsByteCountMax))
    }

    private init(_ mapped: MappedFile) throws(ModelError) {
        let file = try SafeTensors(mapped)
        func text(_ key: String) throws(ModelError) -> String {
            guard let text = file.metadata[key] else {
                throw ModelError(.malformed, "\(file.name): metadata '\(key)' is missing")
            }
            return text
        }
        let format = try text("format")
        guard format == Self.format else {
            throw ModelError(
                .unsupported, "\(file.name) has format '\(format)', expected '\(Self.format)'")
        }
        guard let rank = Int(try text("rank")), (0...Self.rankMax).contains(rank),
            let scale = Float(try text("scale")), scale.isFinite
        else {
            throw ModelError(
                .malformed, "\(file.name): 'rank' must be 0 to \(Self.rankMax), 'scale' a number")
        }
        base = try text("base")
        calibration = try ReaderCalibration(
            try JSONReader.object(
                Array(try text("calibration").utf8), place: "\(file.name): calibration"))
        sha256 = mapped.digest
        self.file = file
        delta = WeightDelta(file, rank: rank, scale: scale)
    }

    /// Writes the same reader with another calibration.
    package func write(_ calibration: ReaderCalibration, to path: String) throws(ModelError) {
        let metadata = file.metadata.sorted { $0.key < $1.key }.map {
            (key: $0.key, value: $0.key == "calibration" ? calibration.json : $0.value)
        }
        var copy = SafeTensorsWriter(metadata: metadata)
        for (name, shape) in file.shapes.sorted(by: { $0.key < $1.key }) {
            let type = SafeTensorsWriter.ElementType(rawValue: try file.type(of: name))
            copy.add(name, shape: shape, try file.floats(name, shape: shape), as: type ?? .float32)
        }
        try copy.write(to: path)
    }

    /// Throws if the file lacks a tensor or holds one that nothing uses.
    func check(against shapes: [String: [Int]]) throws(ModelError) {
        var known: Set<String> = []
        for name in shapes.keys {
            let factors = WeightDelta.factors(of: name)
            known.formUnion([name, factors.down, factors.up])
        }
        for head in ReaderHeads.names { known.insert(head) }
        if let name = Set(file.shapes.keys).subtracting(known).min() {
            throw ModelError(.mismatch, "\(file.name): nothing uses tensor '\(name)'")
        }
        for name in shapes.keys.sorted() {
            let factors = WeightDelta.factors(of: name)
            guard (file.shapes[factors.down] == nil) == (file.shapes[factors.up] == nil) else {
                throw ModelError(.mismatch, "\(file.name): one factor of '\(name)' is missing")
            }
        }
    }
}
