import ErrataCore
import ErrataJournal
import ErrataModels
import ErrataRetrieval

/// The networks that a daemon has in memory; the index and all answerers share them.
struct LoadedModels: Sendable {
    /// Nil searches by words alone.
    let encoder: SentenceEncoder?
    /// What the reader's signals are computed with: the encoder, at the reader's precision.
    let signalEncoder: SentenceEncoder?
    let retrievalKey: RetrievalKey
    /// Nil answers by lookup.
    let reader: LoadedReader?
    /// Why there is no reader although one was asked for.
    let readerFailure: String?
    /// What answers here, the one that answers unless another is asked for first.
    let registrations: [ModelRegistration]

    init(_ configuration: KnowledgeBase.Configuration) throws {
        encoder = try configuration.encoderDirectory.map {
            try SentenceEncoder(directory: $0, threads: configuration.encoderThreads)
        }
        retrievalKey = configuration.retrievalKey
        let isExact = configuration.readerPrecision != .int8
        signalEncoder =
            isExact ? encoder : try encoder.map { try SentenceEncoder($0, precision: .int8) }
        var failure: String?
        do { reader = try Self.reader(configuration, encoder) } catch {
            // Without a reader the lookup answers: a daemon that starts is worth more.
            reader = nil
            failure = "\(error)"
        }
        readerFailure = failure
        let lookup = try LookupAnswerer.registration(encoder: encoder)
        let reading = try reader.map {
            try ReaderAnswerer.registration($0.reader, lookup: lookup)
        }
        registrations = [reading, lookup].compactMap(\.self)
    }

    private static func reader(
        _ configuration: KnowledgeBase.Configuration, _ encoder: SentenceEncoder?
    ) throws -> LoadedReader? {
        guard let encoder, let precision = configuration.readerPrecision else { return nil }
        let weights =
            try configuration.readerFile.map { path in try ReaderWeights(file: path) }
            ?? .shipped()
        return LoadedReader(
            try Reader(
                encoder: encoder, weights: weights, precision: precision,
                threads: configuration.encoderThreads))
    }
}

/// What answers questions from one index.
struct Answerers: Sendable {
    private let reader: ReaderAnswerer?
    private let lookup: LookupAnswerer

    init(index: RetrievalIndex, models: LoadedModels) throws {
        let lookup = try LookupAnswerer(index: index, encoder: models.encoder)
        self.lookup = lookup
        let signals = try LookupAnswerer(index: index, encoder: models.signalEncoder)
        reader = try models.reader.map {
            try ReaderAnswerer(
                reader: $0, lookup: signals, registered: lookup.registration)
        }
    }

    /// Returns the answerer that was registered so.
    subscript(registration: ModelRegistration) -> any Answerer {
        if let reader, reader.registration == registration { return reader }
        precondition(lookup.registration == registration, "every loaded model has an answerer")
        return lookup
    }
}
