import ErrataCore

/// One source, read: its bytes' digest and what is in them.
package struct DatasetInput: Sendable {
    /// The largest input that is read.
    package static let bytesMax = SourceReader.fileBytesMax

    package let name: String
    let format: SourceFormat
    let byteCount: Int
    let digest: Digest
    let content: SourceContent

    /// Reads a file.
    package init(_ source: DatasetRecipe.Source) throws(DatasetError) {
        let file = source.path.split(separator: "/").last.map(String.init) ?? source.path
        let bytes = try DatasetFile.bytes(source.path, limit: SourceReader.fileBytesMax)
        let format =
            if let format = source.format { format } else {
                try SourceFormat.detected(in: bytes, name: file)
            }
        try self.init(bytes, format: format, name: file)
    }

    /// Takes lines that were read already, such as the facts of a version.
    package init(_ bytes: [UInt8], format: SourceFormat, name: String) throws(DatasetError) {
        self.name = name
        self.format = format
        byteCount = bytes.count
        digest = Digest.sha256(bytes)
        let stem = DatasetInput.stem(of: name)
        let relations = format == .facts ? try RelationTable.embedded() : []
        content = try SourceReader(format: format, name: stem, relations: relations).read(bytes)
    }

    /// The name without its endings, as pairs give it for their source.
    var stem: String { DatasetInput.stem(of: name) }

    private static func stem(of name: String) -> String {
        name.split(separator: ".").first.map(String.init) ?? name
    }
}
