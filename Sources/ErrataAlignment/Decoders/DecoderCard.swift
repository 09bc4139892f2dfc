import ErrataModels

/// The model card of a trained decoder: what it was made of, and how well it learned.
struct DecoderCard {
    let trainer: DecoderTrainer

    var text: String {
        let isFull = trainer.recipe.method == .full
        let base = trainer.base.name.filter { $0 != "\n" && $0 != "\r" }
        return """
            ---
            library_name: \(isFull ? "transformers" : "peft")
            tags: [errata, knowledge-editing\(isFull ? "" : ", lora")]
            ---

            # \(base), aligned to use edits

            \(isFull ? "All weights of" : "A LoRA adapter of") `\(base)`, trained by `errata align train` on \
            prompts as "Learning to Edit" (Jiang and others, ACL 2024) writes them: edits under \
            `[Updated Information]`, then a question. The loss counts the tokens of answers alone.

            | | |
            |---|---|
            | base | `\(trainer.base.configuration.architecture)`, identity \
            `\(hexadecimal(trainer.baseHash))` |
            | data | \(trainer.textCount) answers, SHA-256 `\(hexadecimal(trainer.dataHash))` |
            | steps | \(trainer.losses.count) of \(trainer.stepCount) |
            | trained numbers | \(trainer.table.count) |

            The identity is what `errata models info` tells of the base. The recipe:

                \(trainer.recipe.json)

            ## Figures

            \(figures)
            """
    }

    private var figures: String {
        let losses = trainer.losses
        let count = max(1, min(50, losses.count / 2))
        func mean(_ part: some Collection<Float>) -> String {
            Self.rounded(Double(part.reduce(0, +)) / Double(max(1, part.count)))
        }
        var lines =
            "Loss on the training data: \(mean(losses.prefix(count))) at first, "
            + "\(mean(losses.suffix(count))) at last (means of \(count) steps).\n"
        guard !trainer.evaluations.isEmpty else { return lines }
        lines += "\n| after step | loss on the development set | tokens right |\n|---|---|---|\n"
        for (step, evaluation) in trainer.evaluations {
            lines +=
                "| \(step) | \(Self.rounded(evaluation.loss)) | "
                + "\(evaluation.rightCount) of \(evaluation.tokenCount) |\n"
        }
        return lines
    }

    private static func rounded(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "\(value)" }
        return String((value * 10_000).rounded() / 10_000)
    }
}
