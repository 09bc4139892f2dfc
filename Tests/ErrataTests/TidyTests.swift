import Foundation
import Testing

/// Holds `Sources/` and `Tests/` to the rules that a formatter does not know.
@Suite("Tidiness")
struct TidyTests {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let lineCountMax = 500
    static let functionLineCountMax = 70

    /// The targets that each target may import: the arrows of the architecture.
    static let arrows: [String: Set<String>] = [
        "LMDB": ["CLMDB", "CErrataSystem"],
        "ErrataCore": [],
        "ErrataJournal": ["ErrataCore", "LMDB", "CErrataSystem"],
        "ErrataModels": ["CErrataDecoder", "CErrataKernels", "CErrataReader"],
        "ErrataRemote": ["ErrataModels"],
        "ErrataAlignment": ["ErrataCore", "ErrataModels", "CErrataData", "CErrataKernels"],
        "ErrataRetrieval": ["ErrataCore", "ErrataModels", "CErrataKernels"],
        "ErrataService": [
            "ErrataCore", "ErrataJournal", "ErrataModels", "ErrataRemote", "ErrataRetrieval",
            "CErrataSystem",
        ],
        "ErrataEvaluation": [
            "ErrataAlignment", "ErrataCore", "ErrataJournal", "ErrataModels", "ErrataService",
            "CErrataKernels",
        ],
        "ErrataAPI": ["ErrataCore"],
        "ErrataServer": [
            "ErrataAPI", "ErrataCore", "ErrataJournal", "ErrataModels", "ErrataRemote",
            "ErrataRetrieval", "ErrataService", "CErrataSystem",
        ],
        "ErrataClient": ["ErrataAPI", "ErrataCore", "CErrataSystem"],
    ]

    /// The targets that say nothing and know no time of their own.
    static let quiet = arrows.keys.sorted()

    static func files(in folder: String) throws -> [(name: String, lines: [String])] {
        let base = root.appending(path: folder)
        guard let walker = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
        else { return [] }
        var files: [(name: String, lines: [String])] = []
        for case let url as URL in walker where url.pathExtension == "swift" {
            let text = try String(contentsOf: url, encoding: .utf8)
            files.append(
                (url.path.replacing(root.path + "/", with: ""), text.components(separatedBy: "\n")))
        }
        return files
    }

    @Test("no file is longer than it may be", arguments: ["Sources", "Tests"])
    func fileLengths(folder: String) throws {
        let files = try TidyTests.files(in: folder)
        #expect(files.count > 10)
        for file in files { #expect(file.lines.count <= TidyTests.lineCountMax, "\(file.name)") }
    }

    @Test("no function is longer than it may be")
    func functionLengths() throws {
        for file in try TidyTests.files(in: "Sources") {
            var start: (line: Int, indent: String)?
            for (number, line) in file.lines.enumerated() {
                if let open = start, line == open.indent + "}" {
                    let length = number - open.line + 1
                    #expect(
                        length <= TidyTests.functionLineCountMax, "\(file.name):\(open.line + 1)")
                    start = nil
                } else if start == nil, line.contains(/^ *([a-z@]+ )*(func|init)[ (?<]/) {
                    start = (number, String(line.prefix { $0 == " " }))
                }
            }
        }
    }

    @Test("libraries neither print nor ask the clock", arguments: quiet)
    func quietLibraries(target: String) throws {
        for file in try TidyTests.files(in: "Sources/\(target)") {
            for (number, line) in file.lines.enumerated() where !line.contains("//") {
                #expect(!line.contains(/\bprint\(|\bDate\(\)/), "\(file.name):\(number + 1)")
            }
        }
    }

    @Test("imports follow the arrows", arguments: quiet)
    func imports(target: String) throws {
        let allowed = try #require(TidyTests.arrows[target])
        let ours = Set(TidyTests.arrows.keys).union([
            "CLMDB", "CErrataData", "CErrataDecoder", "CErrataKernels", "CErrataReader",
            "CErrataSystem",
        ])
        for file in try TidyTests.files(in: "Sources/\(target)") {
            for line in file.lines {
                guard let match = line.firstMatch(of: /^(?:package |public )?import (\w+)/) else {
                    continue
                }
                let module = String(match.1)
                #expect(!ours.contains(module) || allowed.contains(module), "\(file.name): \(line)")
            }
        }
    }

    @Test("every claim that the compiler cannot check says why")
    func uncheckedClaims() throws {
        for file in try TidyTests.files(in: "Sources") {
            for (number, line) in file.lines.enumerated()
            where line.contains(/@unchecked Sendable|nonisolated\(unsafe\)/) && !line.contains("//")
            {
                let above =
                    number > 0 ? file.lines[number - 1].trimmingCharacters(in: .whitespaces) : ""
                #expect(above.hasPrefix("//"), "\(file.name):\(number + 1)")
            }
        }
    }

    @Test("the top level holds what it may and nothing else")
    func topLevel() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: TidyTests.root.path)
        let allowed: Set = [
            "Package.swift", "Sources", "Tests", "Schemas", "Fixtures", "README.md",
            "Package.resolved",
        ]
        #expect(names.filter { !$0.hasPrefix(".") && !allowed.contains($0) }.isEmpty)
    }
}
