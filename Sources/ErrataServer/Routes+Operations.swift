import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Foundation
import Hummingbird

extension ServerState {
    /// The journal itself: its verification.
    static var operationRoutes: [Route] {
        [
            .post(
                "/v1/verify", body: .json(limit: BodyLimits.usualMax), patience: .long,
                permission: .audit
            ) { call in
                try await call.checkEmptyBody()
                return try await call.long(VerifyReply.self) { progress in
                    VerifyReply(
                        try await call.knowledge.verify { part, done in
                            progress(
                                ProgressRecord(phase: part, done: Int(clamping: done), total: nil))
                        })
                }
            }
        ]
    }
}

extension Call {
    /// Reads the body of a request that has no fields: nothing, or an empty object.
    func checkEmptyBody() async throws {
        let bytes = try await body()
        guard !bytes.isEmpty else { return }
        _ = try JSONCoding.decodeRequest(EmptyRequest.self, from: Data(bytes))
    }
}
