import ErrataCore

/// What a run measures, with what, where: the part of its results that is the same for all items.
package struct EvaluationHeader: Codable, Equatable, Sendable {
    /// One of the methods.
    package struct Method: Codable, Equatable, Sendable {
        package var name: String
        package var identity: String
        /// What it takes in memory, if it has weights.
        package var bytes: Int?

        package init(name: String, identity: String, bytes: Int?) {
            (self.name, self.identity, self.bytes) = (name, identity, bytes)
        }
    }

    package static let formatVersion = 1

    package var format = EvaluationHeader.formatVersion
    /// Of the program.
    package var version: String
    package var dataSet: String
    /// SHA-256 of the file.
    package var dataHash: String
    package var dataFormat: String
    package var itemCount: Int
    /// General questions beside the items, and SHA-256 of their file.
    package var generalCount: Int
    package var generalHash: String?
    /// Whether the items are those of subjects that are never trained on.
    package var isHeldBack: Bool
    package var settings: [String]
    package var k: Int?
    /// By which texts facts are found, if not by all.
    package var key: String?
    package var tokenCountMax: Int
    package var seed: UInt64
    package var methods: [Method]
    package var machine: String

    package init(
        version: String, set: EvaluationSet, isHeldBack: Bool, settings: [String], k: Int?,
        key: String? = nil, tokenCountMax: Int, seed: UInt64, methods: [Method], machine: String
    ) {
        self.version = version
        dataSet = set.name
        dataHash = set.hash.hex
        dataFormat = set.format.rawValue
        itemCount = set.editCount
        generalCount = set.generalCount
        generalHash = set.generalHash?.hex
        self.isHeldBack = isHeldBack
        self.settings = settings
        self.k = k
        self.key = key
        self.tokenCountMax = tokenCountMax
        self.seed = seed
        self.methods = methods
        self.machine = machine
    }

    /// Whether results of the other run go together with this one's: all but the machine is the same.
    package func fits(_ other: EvaluationHeader) -> Bool {
        var same = other
        same.machine = machine
        return same == self
    }
}
