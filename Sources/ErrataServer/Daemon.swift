package import ErrataCore
package import ErrataService
import Glibc
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The daemon: a knowledge base behind a Unix socket.
package final class Daemon: Sendable {
    private let state: ServerState
    private let socket: ServerSocket
    private let group: ServiceGroup

    /// Takes the socket's lock; requests are answered from ``run()`` on.
    ///
    /// Sets the process's umask to 077, so that nobody else can connect between the binding of the socket
    /// and the setting of its mode. `onListening` is called when clients can connect.
    package init(
        knowledge: KnowledgeBase, configuration: DaemonConfiguration, version: String,
        startedAt: Timestamp, environment: [String: String] = [:], logger: Logger,
        onListening: @escaping @Sendable () -> Void = {}
    ) throws {
        umask(0o077)
        socket = try ServerSocket(path: configuration.socketPath)
        state = ServerState(
            knowledge: knowledge, configuration: configuration, version: version,
            startedAt: startedAt, logger: logger)
        let notifier = Notifier(environment: environment)
        let application = Daemon.application(state, socket) {
            notifier.ready()
            onListening()
        }
        var services = ServiceGroupConfiguration(
            services: [application, StoppingNotice(notifier: notifier)],
            gracefulShutdownSignals: configuration.handlesSignals ? [.sigterm, .sigint] : [],
            logger: Daemon.quiet(logger))
        services.maximumGracefulShutdownDuration = configuration.shutdownTimeout
        group = ServiceGroup(configuration: services)
    }

    /// Answers requests until the daemon is told to stop, then finishes those in hand and closes the store.
    package func run() async throws {
        do { try await state.knowledge.registerModels() } catch {
            // A question tries again: a full disk keeps nobody from reading.
            state.logger.error(
                "the models are not registered", metadata: ["error": .string(error.message)])
        }
        let result: Result<Void, any Error>
        do { result = .success(try await group.run()) } catch { result = .failure(error) }
        await state.knowledge.close()
        // The lock is held until the store is closed: only then may another daemon take over.
        withExtendedLifetime(socket) {}
        do { try result.get() } catch is CancellationError {
            state.logger.warning("stopped with requests in hand")
        }
    }

    /// Has ``run()`` finish the requests in hand and return.
    package func stop() async { await group.triggerGracefulShutdown() }

    private static func application(
        _ state: ServerState, _ socket: ServerSocket, onListening: @escaping @Sendable () -> Void
    ) -> Application<Responder> {
        let configuration = state.configuration
        let idleTimeout = TimeAmount(configuration.idleTimeout)
        let logger = quiet(state.logger)
        return Application(
            responder: Responder(state: state),
            server: HTTPServerBuilder { responder in
                PeerChannel(
                    base: HTTP1Channel(
                        responder: responder, configuration: .init(idleTimeout: idleTimeout)),
                    socketPath: socket.path)
            },
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: socket.path), serverName: "errata",
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.connectionCountMax, logger: logger)),
            onServerRunning: { _ in
                do throws(ServerSocketError) {
                    try socket.setAccess(
                        group: configuration.socketGroup, mode: configuration.socketMode)
                } catch {
                    state.logger.error(
                        "the socket keeps mode 0700",
                        metadata: [
                            "error": .string(error.message)
                        ])
                }
                onListening()
            },
            logger: logger)
    }

    /// The server library says little of use below warnings.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = Logger(label: logger.label) { _ in PlainLogHandler(logger.handler) }
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}

/// Logs what it is given and keeps nothing to be added.
///
/// The server library adds a number of its own to each request's logger, to which handlers make a text of it at once:
/// that takes longer than to find out whether the client may commit.
private struct PlainLogHandler: LogHandler {
    private let base: any LogHandler
    var logLevel: Logger.Level
    var metadataProvider: Logger.MetadataProvider?

    init(_ base: any LogHandler) {
        self.base = base
        logLevel = base.logLevel
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { base.log(event: event) }
}

/// Tells systemd that the daemon is stopping; services are stopped last first, so before the server.
private struct StoppingNotice: Service {
    let notifier: Notifier

    func run() async throws {
        try await gracefulShutdown()
        notifier.stopping()
    }
}
