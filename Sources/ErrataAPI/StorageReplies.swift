/// `POST /v1/backup`: copy the store to another directory.
package struct BackupRequest: Codable, Equatable, Sendable {
    /// An absolute path on the daemon's machine, of a directory that does not exist or is empty.
    package var directory: String
    /// Whether the copy is verified before it gets its name; true unless said otherwise.
    package var verify: Bool?

    package init(directory: String, verify: Bool? = nil) {
        self.directory = directory
        self.verify = verify
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case directory
        case verify
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        directory = try fields.decode(String.self, forKey: .directory)
        verify = try fields.decodeIfPresent(Bool.self, forKey: .verify)
    }
}

package struct BackupReply: Codable, Equatable, Sendable {
    package let directory: String
    package let bytes: Int
    /// Whether the copy was verified.
    package let isVerified: Bool
    /// How many operations the copy has; nil if it was not verified.
    package let operations: UInt64?
    /// The Merkle root of them, in hex.
    package let root: String?

    package init(
        directory: String, bytes: Int, isVerified: Bool, operations: UInt64?, root: String?
    ) {
        self.directory = directory
        self.bytes = bytes
        self.isVerified = isVerified
        self.operations = operations
        self.root = root
    }
}

/// `GET /v1/usage`: what the data directory takes.
package struct UsageReply: Codable, Equatable, Sendable {
    package let bytes: Int
    package let parts: [UsageRecord]

    package init(bytes: Int, parts: [UsageRecord]) {
        self.bytes = bytes
        self.parts = parts
    }
}

package struct UsageRecord: Codable, Equatable, Sendable {
    /// As in `journal/operations`, `keys` or `index/vectors`.
    package let name: String
    package let bytes: Int
    /// How many rows or keys it holds; nil where that says nothing.
    package let rows: Int?

    package init(name: String, bytes: Int, rows: Int?) {
        self.name = name
        self.bytes = bytes
        self.rows = rows
    }
}
