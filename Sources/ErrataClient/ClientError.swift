/// Why a request has no reply: there is no daemon, the connection broke, or the reply is not one of ours.
package struct ClientError: Error, Equatable, Sendable {
    package let message: String
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
