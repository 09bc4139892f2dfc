import Foundation

/// The small files of a model's directory, as another directory gets them.
enum ModelTexts {
    /// Texts that go with a model; weights in other formats stay behind.
    private static let copiedSuffixes = [".json", ".jinja", ".txt", ".md", ".model"]

    /// Copies the texts of a model, `names` and indices of its weights apart.
    static func copy(
        from directory: String, to target: String, besides names: Set<String>
    ) throws {
        var files = ModelFiles(directory: directory)
        let all = try FileManager.default.contentsOfDirectory(atPath: directory)
        for name in all.sorted() where !names.contains(name) && !name.hasPrefix(".") {
            let isText = !name.contains(".") || copiedSuffixes.contains { name.hasSuffix($0) }
            var isDirectory: ObjCBool = false
            let path = directory + "/" + name
            guard isText, !name.hasSuffix(".index.json"),
                FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
                !isDirectory.boolValue
            else { continue }
            try AtomicFile.write(try files.bytes(name), to: target + "/" + name)
        }
    }
}
