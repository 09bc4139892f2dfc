import ArgumentParser
import ErrataAPI
import ErrataClient

extension ModelsCommand {
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the daemon answer with a language model",
            discussion: """
                The model is a Hugging Face directory (Llama, Mistral, Qwen2 or Qwen3), which the daemon \
                loads now to see that it can, or a server with OpenAI's chat interface: vLLM, llama.cpp, \
                Ollama. The daemon remembers it in its data directory. A key for the server never stands \
                in the journal or on a command line: name a file, or a variable of the daemon's environment.

                  errata models add tiny ./tiny --int8
                  errata models add tuned ./llama --adapter ./llama-lte
                  errata models add qwen http://localhost:8000 --server-model Qwen/Qwen2.5-7B-Instruct
                  errata models add big unix:/run/llama.sock --key-file ~/.keys/llama
                  errata ask --model tiny 'Who is the chief executive of Twitter?'
                """)

        @OptionGroup var daemon: DaemonOptions

        @Option(
            help: ArgumentHelp("A LoRA adapter to merge; may be repeated.", valueName: "dir"))
        var adapter: [String] = []

        @Flag(help: "Hold the weights in 8 bits: a quarter of the memory, about as good.")
        var int8 = false

        @Option(
            help: ArgumentHelp(
                "What the server calls the model. (default: NAME)", valueName: "id"))
        var serverModel: String?

        @Option(help: ArgumentHelp("A file with the server's key.", valueName: "file"))
        var keyFile: String?

        @Option(
            help: ArgumentHelp(
                "A variable of the daemon's environment with the server's key.", valueName: "name"))
        var keyEnv: String?

        @Argument(help: "What asks are to call it: a-z 0-9 _ and -.")
        var name: String

        @Argument(
            help: ArgumentHelp(
                "A directory, http://HOST:PORT or unix:PATH.", valueName: "dir|url"))
        var place: String

        /// Whether the place is a server's.
        private var isServer: Bool { place.contains("://") || place.hasPrefix("unix:") }

        func validate() throws {
            guard isServer ? adapter.isEmpty && !int8 : true else {
                throw ValidationError("--adapter and --int8 are for a directory.")
            }
            guard isServer || (serverModel == nil && keyFile == nil && keyEnv == nil) else {
                throw ValidationError("--server-model, --key-file and --key-env are for a server.")
            }
            guard keyFile == nil || keyEnv == nil else {
                throw ValidationError("Give --key-file or --key-env, not both.")
            }
        }

        func run() throws {
            var body = LanguageModelBody(name: name)
            if isServer {
                (body.url, body.serverModel) = (place, serverModel)
                (body.keyFile, body.keyVariable) = (keyFile.map(Paths.absolute), keyEnv)
            } else {
                body.directory = Paths.absolute(place)
                body.adapters = adapter.isEmpty ? nil : adapter.map(Paths.absolute)
                body.int8 = int8 ? true : nil
            }
            var client = daemon.client
            client.timeout = .seconds(610)
            let reply = try client.streamed(
                Request(
                    method: "POST", path: "/v1/language-models",
                    body: .json(Array(try JSONCoding.encode(body)))),
                as: LanguageModelsReply.self
            ) { progress in
                guard Terminal.error.isTerminal else { return }
                Terminal.error.line(Style.dim.on(progress.phase.printable, .error))
            }
            try daemon.show(reply) { reply in
                let bytes = reply.models.first { $0.model.name == name }?.bytes ?? 0
                let size = bytes > 0 ? ", \(byteText(bytes)) in memory" : ""
                Terminal.output.line("Added \(name)\(size)")
                Terminal.error.line("Hint: errata ask --model \(name) QUESTION")
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the daemon forget a language model",
            discussion: "Its files stay, and so do the receipts of its answers.")

        @OptionGroup var daemon: DaemonOptions

        @Argument(help: "The model's name.")
        var name: String

        func run() throws {
            let reply = try daemon.client.delete(
                "/v1/language-models", [("name", name)], as: LanguageModelsReply.self)
            try daemon.show(reply) { _ in Terminal.output.line("Removed \(name.printable)") }
        }
    }
}
