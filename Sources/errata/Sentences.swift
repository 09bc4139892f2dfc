import ErrataAPI
import ErrataCore
import Foundation

// How replies read on a terminal of 80 columns.

enum Columns {
    static let max = 80
}

extension CommitSummary {
    /// Returns `4be19c77a0d2  2026-11-01 09:30:00  alice  message`, the name `width` columns wide; it fits
    /// behind `indent` columns.
    func line(nameWidth width: Int, indent: Int = 0) -> String {
        let name = who.fitting(width).padded(width)
        let head = "\(commit.short)  \(time.display)  \(name)  "
        let text = message.isEmpty ? "(no message)" : message
        return Style.yellow.on(commit.short) + head.dropFirst(commit.short.count)
            + text.fitting(Columns.max - indent - head.columnCount)
    }

    /// The author that was claimed, else the user.
    var who: String { author ?? actor.name }
}

extension [CommitSummary] {
    /// How wide the column of names is.
    var nameWidth: Int { Swift.min(12, Swift.max(8, map(\.who.columnCount).max() ?? 0)) }
}

extension ActorRecord {
    var name: String { user ?? "uid \(uid)" }
    /// `alice (uid 1000)`.
    var full: String { user.map { "\($0.printable) (uid \(uid))" } ?? "uid \(uid)" }
}

extension ChangeCounts {
    /// `1 asserted, 2 revised`.
    var sentence: String {
        let parts = [
            (asserted, "asserted"), (revised, "revised"), (retracted, "retracted"),
        ].filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }
        return parts.isEmpty ? "nothing changed" : parts.joined(separator: ", ")
    }
}

extension ChangeRecord {
    /// `~ The chief executive of Twitter is: Elon Musk → Linda Yaccarino`; a conflict begins with `!`.
    var line: String {
        if let conflictAfter { return Style.red.on("! \(conflictAfter.sentence)") }
        switch kind {
        case .assert:
            return Style.green.on("+ \(text(after, nil, redactionAfter?.sentence))")
        case .retract:
            return Style.red.on("- \(text(before, conflictBefore, redactionBefore?.sentence))")
        case .revise: return Style.yellow.on("~ \(objects ?? statements)")
        }
    }

    /// The objects before and after, if they are all that differs of two readable facts.
    private var objects: String? {
        guard let before, let after, let prompt = after.fact.draft.prompt,
            prompt == before.fact.draft.prompt, let old = before.object, let new = after.object
        else { return nil }
        return "\(prompt.printable): \(old.printable) → \(new.printable)"
    }

    /// What was there and what is; who redacted is told once.
    private var statements: String {
        let old = text(before, conflictBefore, redactionBefore?.mark)
        return "\(old) → \(text(after, nil, redactionAfter?.sentence))"
    }

    private func text(
        _ record: FactRecord?, _ conflict: [ConflictSideRecord]?, _ redaction: String?
    ) -> String {
        record?.statement.printable ?? conflict?.sentence ?? redaction
            ?? "(unreadable fact \(id.short))"
    }
}

extension RedactionRecord {
    /// `(redacted by ada on 2026-11-01 09:30:00: asked for it)`.
    var sentence: String {
        "(redacted by \((author ?? actor.name).printable) on \(time.display): "
            + "\(reason.fitting(Columns.max)))"
    }

    /// `(redacted in @15)`, where there is no room for who and why.
    var mark: String { "(redacted in @\(operation))" }
}

extension ConflictSideRecord {
    /// The statement, or why there is none to read.
    var text: String { fact?.statement.printable ?? redaction?.sentence ?? "(retracted)" }
}

extension [ConflictSideRecord] {
    /// `in conflict: one statement | another`.
    var sentence: String {
        let texts = map { $0.fact?.statement.printable ?? $0.redaction?.mark ?? "(retracted)" }
        return "in conflict: " + texts.joined(separator: " | ")
    }
}

extension FactUse {
    /// `4be19c77a0d2  2026-11-01 09:30:00  alice (uid 1000)`.
    var origin: String {
        let name = user.map { "\($0.printable) (uid \(uid))" } ?? "uid \(uid)"
        let author = author.map { ", by \($0.printable)" } ?? ""
        return "\(commit.short)  \(time.display)  \(name)\(author)"
    }

    var scoreText: String { decimal(score, 2) }
}

extension [Warning] {
    func show() {
        for warning in self {
            let prefix = Style.yellow.on("Warning:", Terminal.error)
            Terminal.error.line("\(prefix) \(warning.message.printable)")
        }
    }
}

/// Returns `value` with `digits` decimals.
func decimal(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (value * scale).rounded()
    guard rounded.isFinite, abs(rounded) < 1e15 else { return "\(value)" }
    let number = Int(rounded)
    let whole = abs(number) / Int(scale)
    let fraction = String(abs(number) % Int(scale))
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return "\(number < 0 ? "-" : "")\(whole)" + (digits == 0 ? "" : ".\(zeros)\(fraction)")
}

/// Returns a size in bytes as people read it: `3.2 MB`.
func byteText(_ count: Int) -> String {
    let units = ["kB", "MB", "GB", "TB"]
    guard count >= 1_000 else { return "\(count) bytes" }
    var value = Double(count) / 1_000
    var unit = 0
    while value >= 1_000, unit < units.count - 1 {
        value /= 1_000
        unit += 1
    }
    return "\(decimal(value, 1)) \(units[unit])"
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

extension Double {
    /// Seconds for people: "3.2 s", "14.0 ms".
    var secondsText: String {
        String(format: self < 0.1 ? "%.1f ms" : "%.1f s", self < 0.1 ? 1000 * self : self)
    }
}
