package import ErrataCore

/// `POST /v1/revert`: take commits back by appending their inverse.
///
/// Either `rev` names one commit or a range `A..B`, or `by` and `source` say whose edits are meant.
package struct RevertRequest: Codable, Equatable, Sendable {
    package var rev: String?
    /// A uid in digits, a user name, or an author.
    package var by: String?
    /// The source that the edits' facts name.
    package var source: String?
    package var since: Timestamp?
    package var until: Timestamp?
    package var branch: String?
    package var message: String?
    package var author: String?
    package var expect: String?
    /// Whether facts that others changed later are left as they are instead of refusing the revert.
    package var skipChanged: Bool?
    /// Whether to say what would be taken back, and to write nothing.
    package var dryRun: Bool?

    package init(
        rev: String? = nil, by: String? = nil, source: String? = nil, since: Timestamp? = nil,
        until: Timestamp? = nil, branch: String? = nil, message: String? = nil,
        author: String? = nil, expect: String? = nil, skipChanged: Bool? = nil,
        dryRun: Bool? = nil
    ) {
        self.rev = rev
        self.by = by
        self.source = source
        self.since = since
        self.until = until
        self.branch = branch
        self.message = message
        self.author = author
        self.expect = expect
        self.skipChanged = skipChanged
        self.dryRun = dryRun
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case rev
        case by
        case source
        case since
        case until
        case branch
        case message
        case author
        case expect
        case skipChanged
        case dryRun
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        rev = try fields.decodeIfPresent(String.self, forKey: .rev)
        by = try fields.decodeIfPresent(String.self, forKey: .by)
        source = try fields.decodeIfPresent(String.self, forKey: .source)
        since = try fields.decodeIfPresent(Timestamp.self, forKey: .since)
        until = try fields.decodeIfPresent(Timestamp.self, forKey: .until)
        branch = try fields.decodeIfPresent(String.self, forKey: .branch)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
        expect = try fields.decodeIfPresent(String.self, forKey: .expect)
        skipChanged = try fields.decodeIfPresent(Bool.self, forKey: .skipChanged)
        dryRun = try fields.decodeIfPresent(Bool.self, forKey: .dryRun)
        let isQuery = by != nil || source != nil
        guard isQuery != (rev != nil), isQuery || (since == nil && until == nil) else {
            throw RequestError(
                code: rev == nil ? .missingField : .invalidField, field: "rev",
                message: "a revert needs 'rev' or else 'by' or 'source', which times go with")
        }
    }
}

/// `POST /v1/rollback`: move a branch back to an ancestor of its head.
package struct RollbackRequest: Codable, Equatable, Sendable {
    package var branch: String
    package var to: String
    /// The commit that the branch's head must be, as a revision.
    package var expect: String?
    package var author: String?

    package init(branch: String, to: String, expect: String? = nil, author: String? = nil) {
        self.branch = branch
        self.to = to
        self.expect = expect
        self.author = author
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case branch
        case to
        case expect
        case author
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        branch = try fields.decode(String.self, forKey: .branch)
        to = try fields.decode(String.self, forKey: .to)
        expect = try fields.decodeIfPresent(String.self, forKey: .expect)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
    }
}

/// `POST /v1/branches` and `POST /v1/tags`: give a commit a name.
package struct RefRequest: Codable, Equatable, Sendable {
    package var name: String
    /// The revision to name; the head of `main` if absent.
    package var at: String?
    /// Why the commit is named; for tags.
    package var message: String?
    package var author: String?

    package init(
        name: String, at: String? = nil, message: String? = nil, author: String? = nil
    ) {
        self.name = name
        self.at = at
        self.message = message
        self.author = author
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name
        case at
        case message
        case author
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        at = try fields.decodeIfPresent(String.self, forKey: .at)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
    }
}
