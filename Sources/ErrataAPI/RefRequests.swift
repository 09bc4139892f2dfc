/// `POST /v1/revert`: undo one commit by appending its inverse.
package struct RevertRequest: Codable, Equatable, Sendable {
    package var rev: String
    package var branch: String?
    package var message: String?
    package var author: String?

    package init(
        rev: String, branch: String? = nil, message: String? = nil, author: String? = nil
    ) {
        self.rev = rev
        self.branch = branch
        self.message = message
        self.author = author
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case rev
        case branch
        case message
        case author
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        rev = try fields.decode(String.self, forKey: .rev)
        branch = try fields.decodeIfPresent(String.self, forKey: .branch)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
        author = try fields.decodeIfPresent(String.self, forKey: .author)
    }
}

/// `POST /v1/rollback`: move a branch back to an ancestor of its head.
package struct RollbackRequest: Codable, Equatable, Sendable {
    package var branch: String
    package var to: String
    /// The commit that the branch's head must be, as a revision.
    package var expect: String?

    package init(branch: String, to: String, expect: String? = nil) {
        self.branch = branch
        self.to = to
        self.expect = expect
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case branch
        case to
        case expect
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        branch = try fields.decode(String.self, forKey: .branch)
        to = try fields.decode(String.self, forKey: .to)
        expect = try fields.decodeIfPresent(String.self, forKey: .expect)
    }
}

/// `POST /v1/branches` and `POST /v1/tags`: give a commit a name.
package struct RefRequest: Codable, Equatable, Sendable {
    package var name: String
    /// The revision to name; the head of `main` if absent.
    package var at: String?
    /// Why the commit is named; for tags.
    package var message: String?

    package init(name: String, at: String? = nil, message: String? = nil) {
        self.name = name
        self.at = at
        self.message = message
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name
        case at
        case message
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        at = try fields.decodeIfPresent(String.self, forKey: .at)
        message = try fields.decodeIfPresent(String.self, forKey: .message)
    }
}
