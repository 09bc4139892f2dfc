import CErrataSystem
import Glibc

/// Tells systemd how the daemon is doing (`sd_notify`), where it asks to be told.
struct Notifier {
    /// The value of `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
    let socket: String?

    init(environment: [String: String]) { socket = environment["NOTIFY_SOCKET"] }

    func ready() { send("READY=1\nSTATUS=listening") }
    func stopping() { send("STOPPING=1") }

    private func send(_ text: String) {
        // A failure changes nothing for the daemon's clients, and systemd has its own timeout.
        guard let socket else { return }
        _ = errata_notify(socket, text)
    }
}
