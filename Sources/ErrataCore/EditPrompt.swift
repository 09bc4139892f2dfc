/// The text that shows edits to a model that was aligned to use them, and the question after them.
///
/// As "Learning to Edit" trains and asks with (Jiang and others, ACL 2024): one edit stands alone, several are
/// numbered. Without edits the question stands alone.
package enum EditPrompt {
    private static let opening =
        "Please acknowledge the updated information provided below and respond to the subsequent question."

    /// Returns the prompt; `edits` and `question` are shown as they are.
    package static func text(question: String, edits: [String]) -> String {
        guard !edits.isEmpty else { return question }
        return "\(opening)\n\n[Updated Information]:\n\(list(edits))\n\n[Question]:\n\(question)"
    }

    private static func list(_ edits: [String]) -> String {
        guard edits.count > 1 else { return edits.joined() }
        return edits.enumerated().map { "\($0.offset + 1). \($0.element)" }.joined(separator: "\n")
    }
}
