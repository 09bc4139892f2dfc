/// What clients asked of one branch, what they were told, and in which order calls and replies came.
struct BranchHistory: Sendable {
    enum Call: Hashable, Sendable {
        /// Gives `key` a value; with `expect` only if that is the head.
        case commit(expect: String?, key: String, value: String)
        case readFact(key: String)
        case readHead
    }

    enum Reply: Hashable, Sendable {
        /// The new commit. Its id is the hash of its content, its parent included, so the parent is a part of the reply.
        case committed(id: String, parent: String)
        case headMoved(head: String)
        case fact(head: String, value: String?)
        case head(String)
    }

    struct Operation: Hashable, Sendable {
        let call: Call
        /// The reply; for a commit whose reply was lost, what it would have said, if it turned out to have happened.
        let reply: Reply
        /// When the client called, by a clock that all share.
        let start: Int
        /// When it had the reply; nil if that was lost: the operation may take effect at any time after the call.
        let end: Int?
    }

    let firstHead: String
    /// Those that were answered, and commits without an answer that did happen.
    let operations: [Operation]
}

/// What a branch is to those who use it, one operation after the other.
struct BranchState: Hashable, Sendable {
    private(set) var head: String
    private var values: [String: String] = [:]

    init(head: String) { self.head = head }

    /// Returns the state after the operation, or nil if it could not get this reply now.
    func applying(_ operation: BranchHistory.Operation) -> BranchState? {
        switch (operation.call, operation.reply) {
        case (.commit(let expect, let key, let value), .committed(let id, let parent)):
            guard parent == head, expect == nil || expect == head else { return nil }
            var next = self
            next.head = id
            next.values[key] = value
            return next
        case (.commit(let expect?, _, _), .headMoved(let told)):
            return expect != head && told == head ? self : nil
        case (.readFact(let key), .fact(let told, let value)):
            return told == head && value == values[key] ? self : nil
        case (.readHead, .head(let told)): return told == head ? self : nil
        default: return nil
        }
    }
}
