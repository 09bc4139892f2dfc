import CErrataDecoder

/// The small decoder that is part of the program: it says what the edits in its prompt say, and knows nothing else.
///
/// Its prompt is a user's message as `EditPrompt` writes it. It answers with the object alone, or with
/// ``noAnswer`` where no edit answers or none is shown. It reads 512 tokens, and misspells what is not written
/// in Latin letters: an answer that stands in no edit is none. `MODEL-CARD.md` beside its weights says more.
package enum EmbeddedDecoder {
    package static let name = "decoder"

    /// What it says where no edit answers.
    package static let noAnswer = "No fact answers that."

    private static let files: [MappedFile] = (0..<errata_decoder_file_count()).map { index in
        let file = errata_decoder_file_at(index)
        return MappedFile(
            name: String(cString: file.name),
            programBytes: UnsafeRawBufferPointer(start: file.start, count: file.byte_count))
    }

    /// Makes it ready to generate; takes a few tenths of a second, and twice the weights' bytes in float32.
    package static func load(
        precision: Linear.Precision = .float32, threads: Int
    ) throws(ModelError) -> LanguageModel {
        try LanguageModel(
            ModelFiles(name: name, program: files), precision: precision, threads: threads)
    }

    /// How many bytes of weights are part of the program, two for each parameter.
    package static var weightByteCount: Int {
        files.first { $0.name == "model.safetensors" }?.byteCount ?? 0
    }

    /// Which model it is, without loading it.
    package static func identity(precision: Linear.Precision) -> ModelIdentity {
        ModelIdentity(model: files.map { SourceFile($0) }, merged: [], precision: precision)
    }
}
