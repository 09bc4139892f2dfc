import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Hummingbird

extension ServerState {
    /// Who may do what.
    static var policyRoutes: [Route] {
        [
            .get("/v1/policy", isRecorded: false) { call in
                let (policy, operation) = try call.knowledge.policyInForce()
                return try .json(
                    PolicyReply(
                        policy, operation, owner: call.knowledge.journal.owner, for: call.actor))
            },
            .put("/v1/policy", permission: .administer) { call in
                let request = try await call.decode(PolicyRequest.self)
                let policy = try request.policy.checked()
                let operation = try await call.knowledge.setPolicy(
                    policy, expect: request.expect, author: request.author, actor: call.actor)
                return try .json(
                    PolicyReply(
                        policy, operation, owner: call.knowledge.journal.owner, for: call.actor))
            },
            .get("/v1/policy/log", parameters: ["limit"], permission: .audit) { call in
                let limit = try call.query.integer("limit", in: 1...KnowledgeBase.policyCountMax)
                let operations = try call.knowledge.policyLog(limit: limit ?? 50)
                return try .json(
                    PolicyLogReply(changes: operations.compactMap { PolicyChangeRecord($0) }))
            },
        ]
    }
}

extension PolicyReply {
    fileprivate init(_ policy: Policy, _ operation: UInt64?, owner: UInt32, for actor: Actor) {
        self.init(
            policy: PolicyBody(policy), operation: operation, owner: owner,
            roles: policy.roles(of: actor, owner: owner).sorted().map(\.rawValue),
            permissions: Permission.allCases
                .filter { policy.permits($0, to: actor, owner: owner) }.map(\.rawValue))
    }
}

extension PolicyChangeRecord {
    fileprivate init?(_ operation: Operation) {
        guard case .policy(let policy) = operation.body else { return nil }
        self.init(
            operation: operation.sequence, time: operation.time,
            actor: ActorRecord(operation.actor), author: operation.author,
            policy: PolicyBody(policy))
    }
}
