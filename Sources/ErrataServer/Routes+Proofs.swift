import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import HTTPTypes
import Hummingbird
import NIOCore

extension ServerState {
    /// What proves that the journal's past was not rewritten.
    static var proofRoutes: [Route] {
        [
            .get("/v1/checkpoint", parameters: ["size"], permission: .audit) { call in
                let signed = try call.knowledge.checkpoint(size: call.query.size("size"))
                guard call.accepts("text/plain") else { return try .json(CheckpointReply(signed)) }
                return Response(
                    status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: "\(signed.note)")))
            },
            .get(
                "/v1/proof/inclusion", parameters: ["operation", "rev", "size"],
                permission: .audit
            ) { call in
                try .json(InclusionProofReply(try call.inclusionProof()))
            },
            .get("/v1/proof/consistency", parameters: ["from", "to"], permission: .audit) { call in
                guard let from = try call.query.size("from") else {
                    throw Refusal(
                        .missingParameter, "the parameter 'from' is missing", field: "from")
                }
                let proof = try call.knowledge.consistencyProof(
                    from: from, to: call.query.size("to"))
                return try .json(ConsistencyProofReply(proof))
            },
        ]
    }
}

extension Query {
    /// A number of operations.
    fileprivate func size(_ name: String) throws(Refusal) -> UInt64? {
        try integer(name, in: 1...Int.max).map { UInt64($0) }
    }
}

extension Call {
    fileprivate func inclusionProof() throws -> OperationProof {
        let size = try query.size("size")
        switch (try query.integer("operation", in: 0...Int.max), query["rev"]) {
        case (let operation?, nil):
            return try knowledge.inclusionProof(ofOperation: UInt64(operation), size: size)
        case (nil, let revision?):
            return try knowledge.inclusionProof(ofCommit: revision, size: size)
        case (nil, nil):
            throw Refusal(
                .missingParameter, "one of the parameters 'operation' and 'rev' is needed",
                field: "operation")
        case (_?, _?):
            throw Refusal(
                .invalidParameter, "'operation' and 'rev' cannot both be there", field: "rev")
        }
    }
}

extension CheckpointReply {
    init(_ signed: SignedCheckpoint) {
        let checkpoint = signed.checkpoint
        self.init(
            note: "\(signed.note)", origin: checkpoint.origin, size: checkpoint.size,
            root: checkpoint.root, key: "\(signed.key)")
    }
}

extension InclusionProofReply {
    init(_ proof: OperationProof) {
        self.init(
            operation: proof.inclusion.index, size: proof.inclusion.size, commit: proof.commit,
            record: Base64.encode(proof.record), leaf: MerkleTree.leafHash(proof.record),
            hashes: proof.inclusion.hashes, checkpoint: CheckpointReply(proof.checkpoint))
    }
}

extension ConsistencyProofReply {
    init(_ proof: ExtensionProof) {
        self.init(
            from: proof.consistency.from, to: proof.consistency.to,
            hashes: proof.consistency.hashes, checkpoint: CheckpointReply(proof.checkpoint))
    }
}
