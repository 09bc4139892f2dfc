import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Show or change who may do what",
        discussion: """
            Users are told apart by the uid and groups that the kernel reports. Until there is a \
            rule, everybody who can connect may do everything; after the first one, only who has \
            a role, and the owner of the store, who is always an admin. Readers read and ask; \
            auditors also read operations and verify; editors write; maintainers also write to \
            protected branches, roll back, delete tags and redact; admins do all.

              errata policy
              errata policy grant uid:1001 editor
              errata policy grant group:news reader
              errata policy protect main
            """,
        subcommands: [
            PolicyShowCommand.self, PolicySetCommand.self, PolicyGrantCommand.self,
            PolicyRevokeCommand.self, PolicyProtectCommand.self, PolicyUnprotectCommand.self,
            PolicyLimitCommand.self, PolicyAuditReadsCommand.self,
            PolicyMultiValuedCommand.self, PolicyLogCommand.self,
        ], defaultSubcommand: PolicyShowCommand.self)
}

extension DaemonOptions {
    /// How often a change that was made to an older policy is made again.
    private static let attemptCountMax = 5

    /// Reads the policy, changes it and puts it in force, unless another one is by then.
    func changePolicy(
        author: String?, _ change: (inout PolicyBody) throws -> Void
    ) throws {
        for attempt in 1... {
            let old = try client.get("/v1/policy", as: PolicyReply.self)
            var policy = old.policy
            try change(&policy)
            do {
                let request = PolicyRequest(
                    policy: policy, expect: old.operation ?? 0, author: author)
                let reply = try client.put("/v1/policy", request, as: PolicyReply.self)
                return try show(reply) { reply in
                    reply.showPolicy()
                    guard old.policy.rules.isEmpty, !reply.policy.rules.isEmpty else { return }
                    Terminal.error.line(
                        "From now on only who has a role may do anything, and the owner of the "
                            + "store.")
                }
            } catch let problem as Problem
                where problem.code == "head_moved" && attempt < DaemonOptions.attemptCountMax
            { continue }
        }
    }
}

extension PolicyReply {
    func showPolicy() {
        let policy = policy
        func line(_ name: String, _ text: String) {
            Terminal.output.line("\(name.padded(14))\(text.printable)")
        }
        line("in force", operation.map { "since @\($0)" } ?? "no policy was set")
        line("owner", "uid \(owner), always an admin")
        line("you", roles.isEmpty ? "no role" : roles.joined(separator: ", "))
        if policy.rules.isEmpty { line("rules", "none: everybody may do everything") }
        for (i, rule) in policy.rules.enumerated() {
            line(i == 0 ? "rules" : "", rule.rule.line)
        }
        if !policy.protectedBranches.isEmpty {
            line("protected", policy.protectedBranches.joined(separator: ", "))
        }
        for (i, limit) in policy.limits.sorted(by: { $0.key < $1.key }).enumerated() {
            line(i == 0 ? "limits" : "", "\(limit.key): \(limit.value.sentence)")
        }
        line("reads", policy.auditsReads ? "audited" : "not audited")
        if !policy.multiValuedRelations.isEmpty {
            line("multi-valued", policy.multiValuedRelations.joined(separator: ", "))
        }
    }
}

extension Policy.Rule {
    /// `uid 1001    editor`.
    var line: String { "\(subject.sentence.padded(14))\(role.rawValue)" }
}

extension Policy.Subject {
    var sentence: String {
        switch self {
        case .uid(let uid): "uid \(uid)"
        case .gid(let gid): "gid \(gid)"
        case .anyone: "anyone"
        }
    }
}

extension RoleLimits {
    /// `100 edits a commit, 60 requests a minute`.
    var sentence: String {
        let parts = [
            editCountMax.map { "\($0.counted("edit")) a commit" },
            requestsPerMinuteMax.map { "\($0.counted("request")) a minute" },
        ].compactMap(\.self)
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }
}
