import ErrataAPI
import ErrataCore
import ErrataServer
import ErrataService
import Foundation
import Testing

@Suite("the schemas")
struct SchemaTests {
    private static let schemas = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Schemas")

    private let openAPI: OpenAPI

    init() throws {
        openAPI = OpenAPI(
            try String(
                contentsOf: Self.schemas.appendingPathComponent("openapi.yaml"), encoding: .utf8))
    }

    @Test("describe every route with its parameters, and no other")
    func routes() {
        let described = openAPI.operations
        let served = Dictionary(
            uniqueKeysWithValues: RouteDescription.all.map {
                ("\($0.method) \($0.path)", $0.parameters)
            })
        #expect(Set(described.keys) == Set(served.keys))
        for (route, parameters) in served {
            #expect(described[route] == parameters, "\(route)")
        }
    }

    @Test("name every code of a problem, and no other")
    func codes() {
        #expect(openAPI.codes == RouteDescription.codes)
    }

    @Test("have the fields of every type")
    func fields() throws {
        for (name, value) in try Samples.all() {
            let data = try JSONCoding.encode(value)
            let object = try #require(
                try JSONSerialization.jsonObject(with: data) as? [String: Any], "\(name)")
            #expect(openAPI.fields[name] == Set(object.keys), "\(name)")
        }
    }

    @Test("have the limits of facts")
    func limits() throws {
        let data = try Data(contentsOf: Self.schemas.appendingPathComponent("fact.schema.json"))
        let schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let fields = try #require(schema["properties"] as? [String: [String: Any]])
        #expect(
            Set(fields.keys) == Set(FactBody.CodingKeys.allCases.map(\.stringValue)))
        for (field, limit) in [
            ("key", FactLimits.keyBytesMax), ("subject", FactLimits.subjectBytesMax),
            ("relation", FactLimits.relationBytesMax), ("object", FactLimits.objectBytesMax),
            ("statement", FactLimits.statementBytesMax), ("prompt", FactLimits.promptBytesMax),
            ("source", FactLimits.sourceBytesMax),
        ] { #expect(fields[field]?["maxLength"] as? Int == limit, "\(field)") }
        for (field, count, bytes) in [
            ("questions", FactLimits.questionCountMax, FactLimits.promptBytesMax),
            ("aliases", FactLimits.aliasCountMax, FactLimits.subjectBytesMax),
        ] {
            #expect(fields[field]?["maxItems"] as? Int == count, "\(field)")
            let items = fields[field]?["items"] as? [String: Any]
            #expect(items?["maxLength"] as? Int == bytes, "\(field)")
        }
        let labels = try #require(fields["labels"])
        #expect(labels["maxProperties"] as? Int == FactLimits.labelCountMax)
        let names = labels["propertyNames"] as? [String: Any]
        #expect(names?["maxLength"] as? Int == FactLimits.labelKeyBytesMax)
        let values = labels["additionalProperties"] as? [String: Any]
        #expect(values?["maxLength"] as? Int == FactLimits.labelValueBytesMax)
    }
}

/// What the tests need of `openapi.yaml`, read by the places at which its lines begin.
private struct OpenAPI {
    /// Parameters by `get /v1/facts`.
    private(set) var operations: [String: Set<String>] = [:]
    /// Properties by the name of the schema.
    private(set) var fields: [String: Set<String>] = [:]
    private(set) var codes: Set<String> = []

    init(_ text: String) {
        var path = ""
        var operation = ""
        var schema = ""
        var isInSchemas = false
        var isInProperties = false
        for line in text.split(separator: "\n").map(String.init) {
            if line == "  schemas:" { isInSchemas = true }
            if let match = line.wholeMatch(of: #/  (\/\S*):/#) { path = String(match.1) }
            if let match = line.wholeMatch(of: #/    (get|post|put|delete):/#) {
                operation = "\(match.1) \(path)"
                operations[operation] = []
            }
            if let match = line.firstMatch(of: #/^        - \{ name: (\w+), in: query/#) {
                operations[operation, default: []].insert(String(match.1))
            }
            guard isInSchemas else { continue }
            if let match = line.wholeMatch(of: #/    (\w+):/#) {
                schema = String(match.1)
                fields[schema] = []
                isInProperties = false
            }
            if line.hasPrefix("      "), !line.hasPrefix("       ") {
                isInProperties = line == "      properties:"
            }
            if isInProperties, let match = line.firstMatch(of: #/^        (\w+):/#) {
                fields[schema, default: []].insert(String(match.1))
            }
            if schema == "Code", let match = line.wholeMatch(of: #/        - (\w+)/#) {
                codes.insert(String(match.1))
            }
        }
    }
}
