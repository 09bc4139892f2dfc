import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataService
import Foundation
import Testing

@Suite("SQL over the socket")
struct AuditQueryTests {
    private static func ask(_ client: Client, _ sql: String, limit: Int? = nil) throws
        -> AuditQueryReply
    {
        try client.post(
            "/v1/audit/query", AuditQueryRequest(sql: sql, limit: limit), as: AuditQueryReply.self)
    }

    private static func edit(_ number: Int) -> EditRequest {
        .assert(FactBody(FactDraft(key: "k\(number)", statement: "s\(number)")))
    }

    @Test("an auditor sees every commit of before the question")
    func ownCommits() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                for number in 1...20 {
                    let commit = try client.post(
                        "/v1/commits", CommitRequest(message: "m", edits: [Self.edit(number)]),
                        as: CommitReply.self)
                    let reply = try Self.ask(
                        client, "SELECT id FROM commits ORDER BY sequence DESC LIMIT 1")
                    #expect(reply.rows == [[.text(commit.commit.hex)]])
                    #expect(reply.operation >= commit.operation)
                }
            }
        }
    }

    @Test("values come as what they are, and what is too much is cut and says so")
    func values() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let reply = try Self.ask(
                    client, #"SELECT 1 AS a, 0.5, 'é"\' || char(10, 1), x'00ff', NULL, 9e999, -1"#)
                #expect(reply.columns.first == "a")
                #expect(
                    reply.rows == [
                        [
                            .integer(1), .real(0.5), .text("é\"\\\n\u{1}"), .text("x'00ff'"), .null,
                            .text("inf"), .integer(-1),
                        ]
                    ])
                #expect(reply.truncated == nil)
                let numbers = """
                    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) \
                    SELECT x, printf('%.*c', 9000, 'a') FROM n
                    """
                let cut = try Self.ask(client, numbers, limit: 7)
                #expect(cut.rows.count == 7)
                #expect(cut.truncated == "rows")
                let large = try Self.ask(client, numbers, limit: 100_000)
                #expect(large.truncated == "bytes")
                #expect((500..<2_000).contains(large.rows.count))
                let json = try Self.ask(
                    client, "SELECT value FROM operations, json_each(operations.groups) LIMIT 0")
                #expect(json.columns == ["value"])
                #expect(try Self.ask(client, "SELECT 1; -- and no more\n;").rows == [[.integer(1)]])
            }
        }
    }

    /// What is refused, by what the refusal says.
    static let refused: [(sql: String, message: String)] = [
        ("ATTACH '/tmp/errata-attached' AS other", "a query may not use other databases"),
        ("DETACH main", "a query may not use other databases"),
        ("PRAGMA writable_schema = 1", "a query may not use PRAGMA"),
        ("PRAGMA query_only = OFF", "a query may not use PRAGMA"),
        ("SELECT * FROM pragma_table_info('operations')", "not authorized"),
        ("SELECT load_extension('/tmp/x.so')", "load_extension"),
        ("SELECT writefile('/tmp/errata-written', 'x')", "no such function: writefile"),
        ("SELECT readfile('/etc/passwd')", "no such function: readfile"),
        ("SELECT edit('x')", "no such function: edit"),
        ("SELECT fts3_tokenizer('x')", "fts3_tokenizer"),
        ("SELECT randomblob(1000000000)", "randomblob"),
        ("SELECT zeroblob(1000000000)", "zeroblob"),
        ("SELECT sqlite_compileoption_get(1)", "sqlite_compileoption_get"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("SELECT 1; DROP TABLE operations", "more than one statement"),
        ("SELECT 1; nonsense", "more than one statement"),
        ("SELECT 1 /* ; */; /* x */ VALUES (2)", "more than one statement"),
        ("DELETE FROM operations", "a query may not use statements that change something"),
        ("UPDATE operations SET uid = 0", "a query may not use statements that change something"),
        ("INSERT INTO edits SELECT * FROM edits", "a query may not use statements that change"),
        ("CREATE TEMP TABLE t (x)", "a query may not use statements that change something"),
        ("DROP TABLE operations", "a query may not use statements that change something"),
        ("CREATE VIRTUAL TABLE t USING fts5(x)", "a query may not use statements that change"),
        ("REINDEX", "a query may not use statements that change something"),
        ("BEGIN", "a query may not use statements that change something"),
        ("VACUUM INTO '/tmp/errata-vacuumed'", "the statement returns no rows"),
        ("SELECT * FROM projection", "a query may not use the table 'projection'"),
        ("SELECT count(*) FROM Subjects", "a query may not use the table 'subjects'"),
        ("SELECT digest FROM main.subjects", "a query may not use the table 'subjects'"),
        ("", "the SQL holds no statement"),
        ("-- nothing", "the SQL holds no statement"),
        (";", "the SQL holds no statement"),
        ("SELECT ?1", "variable number must be between"),
        ("SELECT 1\u{0}; DROP TABLE operations", "the SQL holds a zero byte"),
        ("SELECT \u{0}", "the SQL holds a zero byte"),
        ("SELECT", "incomplete input"),
        ("SELECT nosuch FROM operations", "no such column: nosuch"),
        ("SELECT * FROM nosuch", "no such table: nosuch"),
        ("SELECT " + String(repeating: "(", count: 8_000), "parser stack overflow"),
        ("SELECT 1" + String(repeating: " UNION SELECT 1", count: 500), "too many terms"),
        ("SELECT 1" + String(repeating: "+1", count: 2_000), "Expression tree is too large"),
        ("SELECT 'a" + String(repeating: "x", count: 16_400), "at most 16384 are allowed"),
    ]

    @Test("what would do more than read is refused, and nothing changes")
    func refusals() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let before = try Self.ask(client, "SELECT * FROM operations")
                for (sql, message) in Self.refused {
                    let problem = #expect(throws: Problem.self, "\(sql.prefix(80))") {
                        try Self.ask(client, sql)
                    }
                    #expect(problem?.status == 400, "\(sql.prefix(80))")
                    #expect(
                        problem?.detail.contains(message) == true,
                        "\(sql.prefix(80)): \(problem?.detail ?? "")")
                }
                for limit in [0, -1, 100_001] {
                    let problem = #expect(throws: Problem.self) {
                        try Self.ask(client, "SELECT 1", limit: limit)
                    }
                    #expect(problem?.code == "limit_exceeded")
                }
                #expect(try Self.ask(client, "SELECT * FROM operations").rows == before.rows)
            }
        }
        for name in ["attached", "written", "vacuumed"] {
            #expect(!FileManager.default.fileExists(atPath: "/tmp/errata-\(name)"))
        }
    }

    /// Doubles with each step: SQLite takes exponential time only to compile it.
    private static let nested: String = {
        var sql = "WITH c0 AS (SELECT 1 x)"
        for i in 1..<40 { sql += ", c\(i) AS (SELECT a.x FROM c\(i - 1) a, c\(i - 1) b)" }
        return sql + " SELECT x FROM c39"
    }()

    @Test(
        "what would never end, or fill the memory, is ended while others are answered",
        arguments: [
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
            """
            WITH RECURSIVE c(x) AS (SELECT printf('%.*c', 100000, 'a') UNION ALL SELECT x || 'b' FROM c)
            SELECT x FROM c ORDER BY x
            """,
            "SELECT count(*) FROM sqlite_schema a, sqlite_schema b, sqlite_schema c, sqlite_schema d, "
                + "sqlite_schema e, sqlite_schema f, sqlite_schema g, sqlite_schema h",
            nested,
        ])
    func bounds(sql: String) async throws {
        try await TestDaemon.run { daemon in
            async let problem = daemon.call { client in
                #expect(throws: Problem.self) { try Self.ask(client, sql) }
            }
            let reply = try await daemon.call { try Self.ask($0, "SELECT count(*) FROM commits") }
            #expect(reply.rows == [[.integer(1)]])
            #expect(try await problem?.code == "limit_exceeded")
        }
    }

    @Test("texts that grow are cut at their limit")
    func growth() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                let problem = #expect(throws: Problem.self) {
                    try Self.ask(
                        client,
                        """
                        WITH RECURSIVE c(x, n) AS (
                            SELECT 'a', 0 UNION ALL SELECT x || x, n + 1 FROM c WHERE n < 60)
                        SELECT max(length(x)) FROM c
                        """)
                }
                #expect(problem?.code == "limit_exceeded")
                #expect(problem?.detail.contains("131072 bytes") == true)
            }
        }
    }

    @Test("operations and events are found over the socket by all filters")
    func lists() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                for number in 1...3 {
                    _ = try client.post(
                        "/v1/commits",
                        CommitRequest(
                            message: "m\(number)", author: "a\(number)", edits: [Self.edit(number)]),
                        as: CommitReply.self)
                }
                _ = try client.post(
                    "/v1/tags", RefRequest(name: "v1"), as: RefRecord.self)
                func list(_ query: [(String, String?)]) throws -> [String] {
                    try client.get("/v1/operations", query, as: OperationsReply.self).operations
                        .map(\.type)
                }
                #expect(try list([("author", "a2")]) == ["commit"])
                #expect(try list([("type", "tagCreate")]) == ["tagCreate"])
                #expect(try list([("name", "v1")]) == ["tagCreate"])
                #expect(try list([("until", "2001-01-01")]) == [])
                #expect(try list([("since", "2001-01-01"), ("fact", "k3")]) == ["commit"])
                #expect(try list([("actor", String(getuid())), ("type", "commit")]).count == 3)
                _ = try client.post("/v1/ask", AskRequest(question: "q?"), as: AskReply.self)
                let events = try client.get(
                    "/v1/events", [("kind", "receipt")], as: EventsReply.self)
                #expect(events.events.count == 1)
                #expect(events.events[0].commit != nil)
                #expect(events.next == nil)
                for query in [("all", "maybe"), ("since", "noon"), ("cursor", "x")] {
                    let problem = #expect(throws: Problem.self) {
                        try client.get("/v1/commits", [query], as: LogReply.self)
                    }
                    #expect(problem?.status == 400)
                }
            }
        }
    }
}
