import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore
import Foundation

/// The options that every command which talks to the daemon has.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's socket. (default: $ERRATA_SOCKET, else under $XDG_RUNTIME_DIR)",
            valueName: "path"))
    var socket: String?

    @Flag(help: "Write JSON to standard output, the daemon's own reply.")
    var json = false

    var client: Client { Client(socketPath: Paths.socket(option: socket, data: nil)) }

    /// Writes `reply` as JSON, or lets `body` write it for people.
    func show<Reply: Encodable>(_ reply: Reply, _ body: (Reply) -> Void) throws {
        guard json else { return body(reply) }
        Terminal.output.write(Array(try JSONCoding.encodePretty(reply)) + [UInt8(ascii: "\n")])
    }
}

/// `--at REV`.
struct RevisionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The version to read: main, v1.2, 4be19c77, main~3, main@{2026-11-01}, @1234. "
                + "(default: main)", valueName: "rev"))
    var at: String?
}

/// `--branch B`.
struct BranchOption: ParsableArguments {
    @Option(
        name: [.customShort("b"), .long],
        help: ArgumentHelp("The branch to change. (default: main)", valueName: "branch"))
    var branch: String?
}

/// A time as it stands on the command line; the daemon reads it.
enum TimeArgument {
    static func check(_ text: String) throws {
        guard Timestamp(date: text) == nil, Timestamp(rfc3339: text) == nil else { return }
        throw ValidationError("'\(text)' is not a time like 2026-11-01 or 2026-11-01T09:30:00Z.")
    }
}

/// `--author NAME`.
struct AuthorOption: ParsableArguments {
    @Option(help: "Who decided this, if not you; your user id is recorded in any case.")
    var author: String?
}
