import ErrataAPI
import ErrataCore
import ErrataJournal
import ErrataService
import Hummingbird

/// Decides who gets through to a route, and writes down who was turned away and who read.
struct AccessControl: Sendable {
    /// Refusals are durable events: a user who is refused more often than this in a minute waits instead.
    static let refusalsPerMinuteMax = 600

    let knowledge: KnowledgeBase
    private let requests = RateLimiter()
    private let refusals = RateLimiter()

    init(knowledge: KnowledgeBase) { self.knowledge = knowledge }

    /// Throws `rate_limited` or `forbidden` unless the policy lets `actor` use `route` now.
    func admit(_ actor: Actor, to route: Route) throws {
        guard let permission = route.permission else { return }
        let journal = knowledge.journal
        let max = journal.policy.limit(
            \.requestsPerMinuteMax, of: actor, owner: journal.owner)
        let now = ContinuousClock.now
        if let max, let wait = requests.take(of: actor.uid, perMinute: max, at: now) {
            throw Refusal.rateLimited("your role allows \(max) requests a minute", wait)
        }
        do { try knowledge.authorize(permission, actor) } catch {
            if let wait = refusals.take(
                of: actor.uid, perMinute: AccessControl.refusalsPerMinuteMax, at: now)
            {
                throw Refusal.rateLimited(
                    "\(AccessControl.refusalsPerMinuteMax) requests were refused in a minute", wait)
            }
            throw error
        }
    }

    /// Writes down that `actor` was forbidden to do something.
    func record(_ problem: Problem, on label: String, _ actor: Actor) async throws {
        guard problem.code == ServiceError.Code.forbidden.rawValue else { return }
        try await knowledge.recordRefusal(route: label, code: problem.code, actor: actor)
    }

    /// Writes down that `actor` read, if the policy wants that; to be called before the reply is sent.
    func recordRead(
        on route: Route, label: String, revision: String?, _ actor: Actor
    ) async throws {
        guard route.isRecorded, knowledge.journal.policy.auditsReads else { return }
        // A revision that names nothing was refused, so there is one, or the route takes none.
        let commit = revision.flatMap { try? knowledge.resolve($0) }
        try await knowledge.recordRead(
            route: label, revision: revision, commit: commit, actor: actor)
    }
}

extension Refusal {
    fileprivate static func rateLimited(_ why: String, _ wait: Duration) -> Refusal {
        let seconds = max(1, Int((wait / .seconds(1)).rounded(.up)))
        var refusal = Refusal(
            .rateLimited, "too many requests: \(why)",
            hint: "Try again in \(seconds) s.")
        refusal.retryAfterSeconds = seconds
        return refusal
    }
}
