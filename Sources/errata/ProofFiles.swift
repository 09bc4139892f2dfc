import ArgumentParser
import ErrataAPI
import ErrataCore
import Glibc

/// `--key KEY`: whose signatures are believed.
struct KeyOption: ParsableArguments {
    @Option(
        name: .customLong("key"),
        help: ArgumentHelp(
            "Believe this key's signatures: its text, or a file of keys. (can be repeated; "
                + "default: what the daemon says its key is)", valueName: "key|file"))
    var texts: [String] = []

    /// The keys that were given, or `daemons`, the daemon's own word.
    func trusted(or daemons: String) throws -> [VerifierKey] {
        try texts.isEmpty ? KeyOption.key(daemons) : given()
    }

    /// Reads the key that the daemon says is its own.
    static func key(_ daemons: String) throws -> [VerifierKey] {
        guard let key = VerifierKey(daemons) else {
            throw Failure("the daemon's key is not a verifier key of Ed25519")
        }
        return [key]
    }

    func given() throws -> [VerifierKey] {
        try texts.flatMap { text in
            if let key = VerifierKey(text) { return [key] }
            return try KeyOption.keys(inFile: text)
        }
    }

    private static func keys(inFile path: String) throws -> [VerifierKey] {
        var keys: [VerifierKey] = []
        let lines = try ProofFile.text(of: path)
            .split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            guard let key = VerifierKey(line) else {
                throw Failure(
                    "\(path) line \(number + 1): not a key like name+1234abcd+base64",
                    hint: "'errata checkpoint --print-key' prints the daemon's.")
            }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw Failure("\(path) holds no key") }
        return keys
    }

    /// Says whose word the check rests on.
    func explain() {
        guard texts.isEmpty else { return }
        Terminal.error.line(
            Style.yellow.on("Hint:", .error) + " The daemon itself said that this is its key. "
                + "Note it elsewhere\n('errata checkpoint --print-key') and pass it with --key.")
    }
}

/// The files that checkpoints and proofs are kept in.
enum ProofFile {
    static let bytesMax = RecordProof.bytesMax

    /// Reads a file whole, `-` for standard input.
    static func text(of path: String) throws -> String {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("open", path) }
        defer { if file != STDIN_FILENO { close(file) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= bytesMax else {
                throw Failure("\(path) has more than \(byteText(bytesMax))")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("\(path) is not UTF-8")
        }
        return text
    }

    /// Writes a new file; one that is there already is left alone.
    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "wxe") else { throw failure("write", path) }
        let bytes = Array(text.utf8)
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw failure("write", path) }
    }

    private static func failure(_ verb: String, _ path: String) -> Failure {
        Failure("cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }

    /// Cuts a text at the ends of the signed notes in it: checkpoints may be appended to one file.
    static func notes(in text: String) -> [String] {
        var notes: [String] = []
        var note = ""
        var isSigned = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let isSignature = line.hasPrefix("— ")
            if isSigned && !isSignature {
                notes.append(note)
                (note, isSigned) = ("", false)
            }
            if note.isEmpty && line.isEmpty { continue }
            note += line + "\n"
            isSigned = isSignature
        }
        return note.isEmpty ? notes : notes + [note]
    }
}

extension CheckpointReply {
    /// Checks the note against `keys` and against what the reply says of it.
    func verified(by keys: [VerifierKey]) throws -> (checkpoint: Checkpoint, key: VerifierKey) {
        do {
            let (checkpoint, key) = try Checkpoint.verified(SignedNote(note), by: keys)
            guard checkpoint == Checkpoint(origin: origin, size: size, root: root) else {
                throw NoteError("the note and the reply around it do not agree")
            }
            return (checkpoint, key)
        } catch {
            throw Failure("the daemon's checkpoint does not verify: \(error)")
        }
    }
}
