import ErrataJournal
import Foundation
import Glibc

/// Writes a history into a new store, and notes what was acknowledged, for the tests that break the disk under it.
///
///     ErrataFaultScript <directory> <profile> <seed> <step count>
///
/// The store is `<directory>/store`, the notes are `<directory>/marks`. A second run goes on with the store. The exit
/// status is 0 if every step was done or refused for good reasons, 1 if the disk kept refusing, 3 if the journal said
/// that the store is damaged.
@main
enum FaultScript {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 4, let directory = arguments.first,
            let profile = ScriptProfile(rawValue: arguments[2]),
            let seed = UInt64(arguments[3]), let stepCount = Int(arguments[4])
        else { exit(64) }
        do {
            let run = try await ScriptRun(in: directory, profile, seed: seed)
            try await run.perform(stepCount)
            exit(0)
        } catch {
            FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
            exit((error as? JournalError)?.code == .corrupt ? 3 : 1)
        }
    }
}
