package import ErrataCore
package import ErrataJournal

extension KnowledgeBase {
    /// The most policies that one list holds.
    package static var policyCountMax: Int { 1_000 }

    /// Throws `forbidden` unless the policy in force permits this to `actor`.
    package func authorize(_ permission: Permission, _ actor: Actor) throws(ServiceError) {
        try wrapping { try journal.authorize(permission, actor) }
    }

    /// Returns the policy in force and the operation that set it, nil until there is one.
    package func policyInForce() throws(ServiceError) -> (policy: Policy, operation: UInt64?) {
        try wrapping {
            let newest = try journal.policyOperations(limit: 1).first
            guard let newest, case .policy(let policy) = newest.body else { return (.open, nil) }
            return (policy, newest.sequence)
        }
    }

    /// Returns the operations that set a policy, newest first.
    package func policyLog(limit: Int) throws(ServiceError) -> [Operation] {
        try checkLimit(limit)
        return try wrapping { try journal.policyOperations(limit: limit) }
    }

    /// Puts a policy in force; with `expect`, only if operation `expect` set the one that is (0 for none).
    package func setPolicy(
        _ policy: Policy, expect: UInt64? = nil, author: String? = nil, actor: Actor
    ) async throws(ServiceError) -> UInt64 {
        let current = try policyInForce()
        if let expect, expect != current.operation ?? 0 {
            throw ServiceError(
                .headMoved,
                "the policy in force is of operation \(current.operation ?? 0), not of \(expect)",
                hint: "Read the policy again and change that one.")
        }
        do {
            return try await journal.setPolicy(
                policy, expecting: expect == nil ? nil : current.policy, author: author,
                actor: actor)
        } catch { throw ServiceError(wrapping: error) }
    }
}
