package import ErrataCore
import Glibc
import Synchronization

// SIGNING KEY FILE, version 1: `signing-key` in the data directory, 64 bytes, for its owner only. It is
// drawn when the first checkpoint is asked for, and never written again.
//
//   0   magic "ERRATAS1" (8)      28  private key of Ed25519, RFC 8032 section 5.1.5 (32)
//   8   version 1 (4)             60  first 4 bytes of SHA-256 of the 60 before
//   12  store id (16)
//
// It lies apart from `keys`, so that a copy for others can leave it out: whoever has it can sign any past.

/// Signs checkpoints with the store's own key.
final class CheckpointSigner: Sendable {
    static let magic = Array("ERRATAS1".utf8)
    static let version: UInt32 = 1
    static let fileName = "signing-key"
    static let fileByteCount = 64

    /// The first line of every checkpoint, and the key's name.
    let origin: String
    private let directory: String
    private let store: StoreID
    private let random: Randomness
    private let signer = Mutex<NoteSigner?>(nil)

    init(in directory: String, store: StoreID, random: Randomness) {
        origin = "errata/" + Hex.encode(store.bytes)
        self.directory = directory
        self.store = store
        self.random = random
    }

    /// Returns the note that signs the store's first `size` operations, whose root is `root`.
    func sign(size: UInt64, root: Digest) throws(JournalError) -> SignedCheckpoint {
        let signer = try loaded()
        let checkpoint = Checkpoint(origin: origin, size: size, root: root)
        do {
            let note = try signer.sign(checkpoint.text)
            return SignedCheckpoint(checkpoint: checkpoint, note: note, key: signer.key)
        } catch { throw JournalError(.io, "cannot sign the checkpoint: \(error)") }
    }

    /// Says what is wrong with the key's file, nil if it is right or there is none yet.
    func problem() -> JournalError? {
        guard Directory.hasFile(directory + "/signing-key") else { return nil }
        do {
            let file = try FileDescriptor(opening: directory + "/signing-key", isReadOnly: true)
            _ = try seed(in: file.read(CheckpointSigner.fileByteCount + 1, at: 0))
            return nil
        } catch { return error }
    }

    private func loaded() throws(JournalError) -> NoteSigner {
        try signer.withLock { signer throws(JournalError) in
            if let signer { return signer }
            let seed = try readOrCreate()
            guard let loaded = NoteSigner(name: origin, seed: seed) else {
                throw CheckpointSigner.damaged("is not a private key of Ed25519")
            }
            signer = loaded
            return loaded
        }
    }

    private func readOrCreate() throws(JournalError) -> [UInt8] {
        let path = directory + "/" + CheckpointSigner.fileName
        if !Directory.hasFile(path) { try create(path) }
        let file = try FileDescriptor(opening: path)
        return try seed(in: file.read(CheckpointSigner.fileByteCount + 1, at: 0))
    }

    /// Writes the file under another name first, so that a crash leaves a whole key or none.
    private func create(_ path: String) throws(JournalError) {
        var bytes = CheckpointSigner.magic
        bytes.append(bigEndian: CheckpointSigner.version)
        bytes += store.bytes + random(NoteSigner.seedByteCount)
        bytes += Digest.sha256(bytes).bytes.prefix(4)
        precondition(bytes.count == CheckpointSigner.fileByteCount)
        let draft = path + ".new"
        // One that a crash left may have been copied since, and be open to others.
        unlink(draft)
        let file = try FileDescriptor(opening: draft, create: true)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
        try file.sync()
        try Directory.rename(draft, to: path)
        // Nobody may see a signature by a key that a power cut could still take away.
        try Directory.sync(directory)
    }

    private func seed(in bytes: [UInt8]) throws(JournalError) -> [UInt8] {
        guard bytes.count == CheckpointSigner.fileByteCount else {
            throw CheckpointSigner.damaged("does not have 64 bytes")
        }
        guard bytes.starts(with: CheckpointSigner.magic) else {
            throw CheckpointSigner.damaged("has no magic number")
        }
        let found = bytes[8..<12].reduce(0) { $0 << 8 | UInt64($1) }
        guard found == CheckpointSigner.version else {
            throw .unknownVersion(found, of: "the file 'signing-key'")
        }
        guard bytes[60...].elementsEqual(Digest.sha256(Array(bytes[..<60])).bytes.prefix(4)) else {
            throw CheckpointSigner.damaged("is damaged")
        }
        guard Array(bytes[12..<28]) == store.bytes else {
            throw CheckpointSigner.damaged("belongs to another store")
        }
        return Array(bytes[28..<60])
    }

    private static func damaged(_ how: String) -> JournalError {
        JournalError(
            .corrupt, "the file 'signing-key' \(how)",
            hint: "Restore it from a backup. Without the file a new key is drawn, "
                + "and all who check proofs must be told of it.")
    }
}

/// A checkpoint with the note that signs it.
package struct SignedCheckpoint: Hashable, Sendable {
    package let checkpoint: Checkpoint
    package let note: SignedNote
    package let key: VerifierKey
}
