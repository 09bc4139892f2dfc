import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how the daemon is doing")

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let reply = try daemon.client.get("/v1/status", as: StatusReply.self)
        try daemon.show(reply) { reply in
            let journal = reply.journal
            let rows = [
                ("daemon", "errata \(reply.version), pid \(reply.pid), up \(uptime(reply))"),
                ("socket", reply.socket),
                ("data", reply.data),
                (
                    "journal",
                    "\(journal.operations.counted("operation")), "
                        + "\(journal.branches) branch\(journal.branches == 1 ? "" : "es"), \(journal.tags.counted("tag")), "
                        + byteText(journal.bytes)
                ),
                (
                    "main",
                    "\(journal.facts.counted("fact")) at \(journal.head.short)"
                ),
                ("index", reply.index.sentence),
                ("answerer", reply.answerer),
                ("models", reply.languageModels.sentence),
            ]
            for (name, value) in rows { Terminal.output.line("\(name.padded(9)) \(value)") }
            for note in reply.notes {
                Terminal.output.line("\(Style.yellow.on("note".padded(9))) \(note)")
            }
        }
    }

    private func uptime(_ reply: StatusReply) -> String {
        let seconds = reply.uptimeSeconds
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3_600: return "\(seconds / 60) min"
        case ..<86_400: return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}

extension LanguageModelStatus {
    /// `2 language models, 1 loaded (44.1 MB of 8.0 GB); 1 answer running, 0 waiting; 512 tokens, 20.1 a second`.
    fileprivate var sentence: String {
        guard models > 0 else { return "no language model" }
        let rate = seconds > 0 ? ", \(decimal(Double(tokens) / seconds, 1)) a second" : ""
        return "\(models.counted("language model")), \(loaded) loaded "
            + "(\(byteText(bytes)) of \(byteText(bytesMax))); "
            + "\(running.counted("answer")) running, \(waiting) waiting; "
            + "\(tokens.counted("token"))\(rate)"
    }
}
