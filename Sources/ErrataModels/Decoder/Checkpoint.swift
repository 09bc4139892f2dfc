/// The tensors of a Hugging Face directory: one safetensors file, or several with an index.
///
/// `model.safetensors.index.json` maps names to files under `weight_map`. Map and files must agree in
/// both directions.
struct Checkpoint: TensorSource {
    static let indexName = "model.safetensors.index.json"
    static let fileCountMax = 1024

    /// What messages call it.
    let name: String
    private let files: [SafeTensors]
    /// Which of `files` holds a tensor.
    private let places: [String: Int]
    /// Shapes of all tensors.
    let shapes: [String: [Int]]

    /// Opens a directory; the index counts only if there is no `model.safetensors`.
    init(_ directory: inout ModelFiles) throws(ModelError) {
        guard !directory.contains("model.safetensors"), directory.contains(Self.indexName) else {
            try self.init(SafeTensors(try directory.map("model.safetensors")))
            return
        }
        let index = try JSONReader.object(
            try directory.bytes(Self.indexName), place: Self.indexName)
        let map = try index.object("weight_map")
        var files: [SafeTensors] = []
        var numbers: [String: Int] = [:]
        var places: [String: Int] = [:]
        for member in map.members {
            let file = try Self.fileName(member, map)
            if numbers[file] == nil {
                guard files.count < Self.fileCountMax else {
                    throw ModelError(
                        .limit, "\(map.place) names more than \(Self.fileCountMax) files")
                }
                numbers[file] = files.count
                files.append(try SafeTensors(try directory.map(file)))
            }
            places[member.key] = numbers[file]
        }
        try self.init(name: Self.indexName, files: files, places: places)
    }

    /// Takes the tensors of one file.
    private init(_ file: SafeTensors) throws(ModelError) {
        try self.init(
            name: file.name, files: [file], places: file.shapes.mapValues { _ in 0 })
    }

    private init(name: String, files: [SafeTensors], places: [String: Int]) throws(ModelError) {
        var shapes: [String: [Int]] = [:]
        for (number, file) in files.enumerated() {
            for (tensor, shape) in file.shapes {
                guard places[tensor] == number else {
                    throw ModelError(
                        .mismatch,
                        "\(name): tensor '\(tensor)' is in \(file.name), which the index denies")
                }
                shapes[tensor] = shape
            }
        }
        for (tensor, number) in places where shapes[tensor] == nil {
            throw ModelError(
                .mismatch, "\(name): tensor '\(tensor)' is not in \(files[number].name)")
        }
        self.name = name
        self.files = files
        self.places = places
        self.shapes = shapes
    }

    /// Returns the file of a member of `weight_map`; a name with a path in it would leave the directory.
    private static func fileName(
        _ member: JSONObject.Member, _ map: JSONObject
    ) throws(ModelError) -> String {
        guard case .string(let file) = member.value else {
            throw ModelError(
                .malformed, "\(map.place): '\(member.key)' is \(member.value.kind), not a string")
        }
        guard file.hasSuffix(".safetensors"), !file.utf8.contains(UInt8(ascii: "/")),
            !file.utf8.contains(0)
        else {
            throw ModelError(
                .malformed, "\(map.place): '\(file)' is no name of a safetensors file")
        }
        return file
    }

    private func file(_ name: String) throws(ModelError) -> SafeTensors {
        guard let place = places[name] else {
            throw ModelError(.mismatch, "\(self.name): tensor '\(name)' is missing")
        }
        return files[place]
    }

    /// Returns the type that a tensor's elements are stored in, such as "BF16".
    func type(of name: String) throws(ModelError) -> String { try file(name).type(of: name) }

    /// Returns a tensor's elements as floats; see ``SafeTensors``.
    func floats(_ name: String, shape: [Int]) throws(ModelError) -> [Float] {
        try file(name).floats(name, shape: shape)
    }

    /// Returns the elements of a tensor of type F16 or BF16 as they are.
    func halves(_ name: String, shape: [Int]) throws(ModelError) -> [UInt16] {
        try file(name).halves(name, shape: shape)
    }

    /// Returns the bytes of a tensor as they lie in its file.
    func bytes(
        of name: String, type: String, shape: [Int]
    ) throws(ModelError) -> MappedBytes {
        try file(name).bytes(of: name, type: type, shape: shape)
    }
}
