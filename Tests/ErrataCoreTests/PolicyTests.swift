import ErrataCore
import Testing

@Suite("A policy")
struct PolicyTests {
    private func actor(_ uid: UInt32, gid: UInt32 = 100, groups: [UInt32] = []) -> Actor {
        Actor(uid: uid, gid: gid, groups: groups, pid: 1, userName: nil, socket: nil)
    }

    private func policy() throws -> Policy {
        try Policy(
            rules: [
                .init(.uid(1), .admin), .init(.uid(2), .editor), .init(.gid(50), .auditor),
                .init(.anyone, .reader),
            ], protectedBranches: ["main", "release/*"],
            limits: [.editor: .init(editCountMax: 10), .reader: .init(requestsPerMinuteMax: 60)],
            auditsReads: true, multiValuedRelations: ["child", "award"])
    }

    @Test("without rules lets everybody do everything")
    func open() {
        for permission in Permission.allCases {
            #expect(Policy.open.permits(permission, to: actor(4711), owner: 0))
        }
    }

    @Test("gives the union of the roles of uid, group and supplementary groups")
    func roles() throws {
        let policy = try policy()
        #expect(policy.roles(of: actor(2, groups: [50]), owner: 0) == [.editor, .auditor, .reader])
        #expect(policy.roles(of: actor(9, gid: 50), owner: 0) == [.auditor, .reader])
        #expect(policy.permits(.write, to: actor(2), owner: 0))
        #expect(!policy.permits(.maintain, to: actor(2), owner: 0))
        #expect(!policy.permits(.write, to: actor(9, gid: 50), owner: 0))
        #expect(policy.permits(.audit, to: actor(9, gid: 50), owner: 0))
    }

    @Test("cannot shut out the owner of the store")
    func owner() throws {
        let closed = try Policy(rules: [.init(.uid(1), .reader)])
        #expect(closed.permits(.administer, to: actor(7), owner: 7))
        #expect(!closed.permits(.read, to: actor(8), owner: 7))
    }

    @Test("protects branches by name and by the beginning of a name")
    func protectedBranches() throws {
        let policy = try policy()
        for (name, isProtected) in [
            ("main", true), ("release/1", true), ("release", false), ("maintenance", false),
        ] {
            #expect(policy.isProtected(try #require(RefName(name))) == isProtected, "\(name)")
        }
    }

    @Test("limits by the widest of a user's roles, one without a limit being widest")
    func limits() throws {
        let policy = try policy()
        #expect(policy.limit(\.requestsPerMinuteMax, of: actor(3), owner: 0) == 60)
        #expect(policy.limit(\.requestsPerMinuteMax, of: actor(2), owner: 0) == nil)
        #expect(policy.limit(\.editCountMax, of: actor(1), owner: 0) == nil)
    }

    @Test("comes back the same from its encoding, and no other bytes do")
    func encoding() throws {
        for policy in [Policy.open, try policy()] {
            let bytes = policy.cbor.encoded
            #expect(try Policy(CBOR(decoding: bytes)) == policy)
            for i in bytes.indices {
                var changed = bytes
                changed[i] ^= 1
                if let other = try? Policy(CBOR(decoding: changed)) { #expect(other != policy) }
            }
        }
    }

    @Test("refuses what cannot be meant")
    func refusals() {
        #expect(throws: PolicyError.self) {
            try Policy(rules: [], protectedBranches: ["a*"])
        }
        #expect(throws: PolicyError.self) {
            try Policy(rules: [], limits: [.editor: .init(editCountMax: 0)])
        }
        #expect(throws: PolicyError.self) {
            try Policy(rules: [], multiValuedRelations: ["a\nb"])
        }
    }
}
