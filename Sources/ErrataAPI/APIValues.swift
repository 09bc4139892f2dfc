package import ErrataCore

// How the values of ErrataCore look in JSON: times in RFC 3339, ids in lower-case hex.

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let time = Timestamp(rfc3339: text) else {
            throw RequestError.invalidField(
                decoder.codingPath, "it is not an RFC 3339 time like 2026-11-01T09:30:00Z")
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension CommitID: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = CommitID(hex: text) else {
            throw RequestError.invalidField(
                decoder.codingPath, "it is not a commit id of 64 lower-case hex digits")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

extension FactID: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = FactID(hex: text) else {
            throw RequestError.invalidField(
                decoder.codingPath, "it is not a fact id of 32 lower-case hex digits")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

extension Digest: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let digest = Hex.decode(text).flatMap({ Digest($0) }) else {
            throw RequestError.invalidField(
                decoder.codingPath, "it is not a hash of 64 lower-case hex digits")
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

extension Edit.Kind: Codable {}
