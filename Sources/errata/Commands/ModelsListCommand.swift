import ArgumentParser
import ErrataAPI
import ErrataClient
import ErrataModels

extension ModelsCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the installed encoders and the daemon's language models")

        @OptionGroup var daemon: DaemonOptions

        func run() throws {
            let installed = ModelStore.installed(in: try EncoderModel.store())
            // Encoders lie in the user's own directory: they are there without a daemon.
            var (known, silence): ([LanguageModelRecord], ClientError?) = ([], nil)
            do {
                known = try daemon.client.get("/v1/language-models", as: LanguageModelsReply.self)
                    .models
            } catch let error as ClientError { silence = error }
            let records =
                installed.map { ListedModel($0) } + known.map { ListedModel($0) }
            if !daemon.json { show(records) } else { try records.writeJSON() }
            if let silence {
                Terminal.error.line("Language models are not shown: \(silence.message.printable)")
            }
        }

        private func show(_ records: [ListedModel]) {
            guard !records.isEmpty else {
                Terminal.error.line(
                    "There is no model: 'errata models pull' fetches an encoder, 'errata models add' "
                        + "adds a language model.")
                return
            }
            let width = records.map(\.name.columnCount).max() ?? 0
            for record in records {
                let place = record.directory ?? record.url ?? "in the program"
                let state = record.bytes.map { ", \(byteText($0)) in memory" } ?? ""
                Terminal.output.line(
                    "\(record.name.printable.padded(width))  \(place.printable)"
                        + Style.dim.on("  \(record.what)\(state)"))
            }
        }
    }
}

/// A model as `errata models list` shows it.
private struct ListedModel: Encodable {
    /// `encoder`, `embedded`, `checkpoint` or `server`.
    let kind: String
    let name: String
    let directory: String?
    let adapters: [String]?
    let int8: Bool?
    let url: String?
    let serverModel: String?
    let keyFile: String?
    let keyVariable: String?
    let bytes: Int?
    let hash: String?

    init(_ model: ModelStore.InstalledModel) {
        self.init(
            kind: "encoder", LanguageModelBody(name: model.name, directory: model.directory))
    }

    init(_ record: LanguageModelRecord) {
        let isEmbedded = record.model.url == nil && record.model.directory == nil
        let kind = record.model.url != nil ? "server" : isEmbedded ? "embedded" : "checkpoint"
        self.init(
            kind: kind, record.model,
            bytes: record.bytes, hash: record.hash)
    }

    private init(kind: String, _ model: LanguageModelBody, bytes: Int? = nil, hash: String? = nil) {
        self.kind = kind
        name = model.name
        (directory, adapters, int8) = (model.directory, model.adapters, model.int8)
        (url, serverModel) = (model.url, model.serverModel)
        (keyFile, keyVariable) = (model.keyFile, model.keyVariable)
        (self.bytes, self.hash) = (bytes == 0 ? nil : bytes, hash)
    }

    /// `checkpoint, int8, 1 adapter`.
    var what: String {
        let adapterCount = adapters?.count ?? 0
        let parts = [
            kind, int8 == true ? "int8" : nil,
            adapterCount > 0 ? adapterCount.counted("adapter") : nil,
            serverModel.map { "called \($0.printable) there" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
