import ErrataModels

/// What a dataset is made of.
package struct DatasetRecipe: Sendable, Equatable {
    package static let syntheticCountMax = 5_000_000
    package static let sourceCountMax = 64
    private static let fileBytesMax = 1 << 20

    /// A file to read pairs from.
    package struct Source: Sendable, Equatable {
        /// Nil if the first record tells.
        package let format: SourceFormat?
        package let path: String

        /// Reads `FORMAT:FILE` or `FILE`.
        package init(argument: String) throws(DatasetError) {
            let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
            if parts.count == 2, let format = SourceFormat(rawValue: parts[0]) {
                self.init(format: format, path: parts[1])
            } else if parts.count == 2, !parts[0].contains("/"), !parts[0].contains(".") {
                let known = SourceFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw DatasetError(
                    .unsupported, "'\(parts[0])' is no format", hint: "The formats are \(known).")
            } else {
                self.init(format: nil, path: argument)
            }
        }

        package init(format: SourceFormat?, path: String) {
            self.format = format
            self.path = path
        }
    }

    package var seed: UInt64
    /// About how many pairs are made up.
    package var syntheticCount: Int
    package var sources: [Source]

    package init(seed: UInt64, syntheticCount: Int, sources: [Source]) {
        self.seed = seed
        self.syntheticCount = syntheticCount
        self.sources = sources
    }

    /// Reads the recipe in a file's member "dataset"; its paths are relative to `folder`, by default the
    /// file's own.
    ///
    ///     {"dataset": {"seed": 1, "synthetic": 240000, "sources": [{"format": "zsre", "path": "zsre.json"}]}}
    package init(path: String, folder: String? = nil) throws(DatasetError) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let bytes = try DatasetFile.bytes(path, limit: DatasetRecipe.fileBytesMax)
        let whole = try DatasetFields(bytes, place: name)
        guard case .object(let object) = whole.object["dataset"] else {
            throw whole.error("'dataset' must be an object")
        }
        let own = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        try self.init(
            DatasetFields(object, place: "\(name): dataset"), folder: folder ?? own)
    }

    private init(_ fields: DatasetFields, folder: String) throws(DatasetError) {
        try fields.refuseKeys(besides: ["seed", "synthetic", "sources"])
        seed = UInt64(try fields.integer("seed"))
        syntheticCount = try fields.integer("synthetic")
        guard syntheticCount <= DatasetRecipe.syntheticCountMax else {
            throw fields.error("'synthetic' must be at most \(DatasetRecipe.syntheticCountMax)")
        }
        guard case .array(let items) = fields.object["sources"],
            items.count <= DatasetRecipe.sourceCountMax
        else {
            throw fields.error(
                "'sources' must be an array of at most \(DatasetRecipe.sourceCountMax)")
        }
        sources = []
        for (index, item) in items.enumerated() {
            guard case .object(let object) = item else {
                throw fields.error("sources[\(index)] must be an object, not \(item.kind)")
            }
            let source = DatasetFields(object, place: "\(fields.place): sources[\(index)]")
            try source.refuseKeys(besides: ["format", "path"])
            sources.append(try Source(source, folder: folder))
        }
    }
}

extension DatasetRecipe.Source {
    fileprivate init(_ fields: DatasetFields, folder: String) throws(DatasetError) {
        let path = try fields.text("path")
        var format: SourceFormat?
        if fields.object["format"] != nil {
            let name = try fields.text("format")
            format = SourceFormat(rawValue: name)
            guard format != nil else { throw fields.error("'\(name)' is no format") }
        }
        let isRelative = !path.hasPrefix("/") && !folder.isEmpty
        self.init(format: format, path: isRelative ? "\(folder)/\(path)" : path)
    }
}
