import ErrataAPI
import ErrataClient
import ErrataCore
import Foundation
import Testing

@Suite("the routes of proofs")
struct ProofRoutesTests {
    private static func commit(_ client: Client, _ object: String) throws -> CommitReply {
        let fact = FactBody(FactDraft(subject: "A", relation: "is", object: object))
        return try client.post(
            "/v1/commits", CommitRequest(message: object, edits: [.assert(fact)]),
            as: CommitReply.self)
    }

    @Test("give a checkpoint as a note or as JSON, of now or of an earlier size")
    func checkpoints() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let first = try client.get("/v1/checkpoint", as: CheckpointReply.self)
                _ = try Self.commit(client, "1")
                let second = try client.get("/v1/checkpoint", as: CheckpointReply.self)
                #expect(second.size == first.size + 1)
                #expect(second.key == first.key)
                let key = try #require(VerifierKey(second.key))
                let signed = try Checkpoint.verified(SignedNote(second.note), by: [key])
                #expect(
                    signed.checkpoint
                        == Checkpoint(
                            origin: second.origin, size: second.size, root: second.root))
                let status = try client.get("/v1/status", as: StatusReply.self)
                #expect(second.root.hex == status.journal.root)
                let again = try client.get(
                    "/v1/checkpoint", [("size", "\(first.size)")], as: CheckpointReply.self)
                #expect(again == first)
                var request = Request(method: "GET", path: "/v1/checkpoint")
                request.accept = "text/plain"
                #expect(
                    String(decoding: try client.data(of: request), as: UTF8.self) == second.note)
            }
        }
    }

    @Test("prove the commit of a revision and the operation of a number")
    func inclusion() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let commits = try (0..<6).map { try Self.commit(client, "\($0)") }
                _ = try client.post("/v1/tags", RefRequest(name: "v1"), as: RefRecord.self)
                for (revision, commit) in [
                    ("main~2", commits[3]), (commits[1].commit.hex, commits[1]),
                    ("v1", commits[5]), ("@\(commits[4].operation)", commits[4]),
                ] {
                    let proof = try client.get(
                        "/v1/proof/inclusion", [("rev", revision)], as: InclusionProofReply.self)
                    #expect(proof.commit == commit.commit)
                    #expect(proof.operation == commit.operation)
                    #expect(proof.size == proof.checkpoint.size)
                    let record = try #require(Base64.decode(proof.record))
                    #expect(proof.leaf == MerkleTree.leafHash(record))
                    let inclusion = InclusionProof(
                        index: proof.operation, size: proof.size, hashes: proof.hashes)
                    #expect(inclusion.proves(proof.leaf, in: proof.checkpoint.root))
                }
                let old = commits[2].operation
                let proof = try client.get(
                    "/v1/proof/inclusion", [("operation", "\(old)"), ("size", "\(old + 1)")],
                    as: InclusionProofReply.self)
                #expect(proof.size == old + 1)
                #expect(proof.commit == commits[2].commit)
            }
        }
    }

    @Test("prove that the journal of now extends the one of before")
    func consistency() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let old = try client.get("/v1/checkpoint", as: CheckpointReply.self)
                for i in 0..<5 { _ = try Self.commit(client, "\(i)") }
                let reply = try client.get(
                    "/v1/proof/consistency", [("from", "\(old.size)")],
                    as: ConsistencyProofReply.self)
                #expect(reply.to == old.size + 5)
                let proof = ConsistencyProof(
                    from: reply.from, to: reply.to, hashes: reply.hashes)
                #expect(proof.proves(old.root, in: reply.checkpoint.root))
                let same = try client.get(
                    "/v1/proof/consistency", [("from", "2"), ("to", "2")],
                    as: ConsistencyProofReply.self)
                #expect(same.hashes.isEmpty)
            }
        }
    }

    @Test(
        "refuse what they cannot prove",
        arguments: [
            ("/v1/checkpoint?size=0", 400, "invalid_parameter"),
            ("/v1/checkpoint?size=99", 404, "unknown_operation"),
            ("/v1/checkpoint?size=-1", 400, "invalid_parameter"),
            ("/v1/checkpoint?at=main", 400, "unknown_parameter"),
            ("/v1/proof/inclusion", 400, "missing_parameter"),
            ("/v1/proof/inclusion?rev=main&operation=0", 400, "invalid_parameter"),
            ("/v1/proof/inclusion?operation=99", 404, "unknown_operation"),
            ("/v1/proof/inclusion?operation=1&size=1", 404, "unknown_operation"),
            ("/v1/proof/inclusion?operation=1.5", 400, "invalid_parameter"),
            ("/v1/proof/inclusion?operation=18446744073709551616", 400, "invalid_parameter"),
            ("/v1/proof/inclusion?rev=nosuch", 404, "unknown_revision"),
            ("/v1/proof/inclusion?rev=..", 400, "invalid_revision"),
            ("/v1/proof/consistency", 400, "missing_parameter"),
            ("/v1/proof/consistency?from=0", 400, "invalid_parameter"),
            ("/v1/proof/consistency?from=99", 404, "unknown_operation"),
            ("/v1/proof/consistency?from=2&to=1", 404, "unknown_operation"),
            ("/v1/proof/consistency?from=1&to=99", 404, "unknown_operation"),
        ])
    func refusals(target: String, status: Int, code: String) async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try Self.commit(client, "1")
                let parts = target.split(separator: "?", maxSplits: 1)
                let query = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
                    let halves = pair.split(separator: "=", maxSplits: 1)
                    return (String(halves[0]), String(halves[1]) as String?)
                }
                let problem = #expect(throws: Problem.self) {
                    try client.data(
                        of: Request(method: "GET", path: String(parts[0]), query: query))
                }
                #expect(problem?.status == status)
                #expect(problem?.code == code)
            }
        }
    }
}
