import ErrataModels
import Foundation
import Testing

@Suite("Tokenizer files")
struct TokenizerFileTests {
    /// Reads a fixture in which the only occurrence of `old` is replaced.
    private func tokenizer(
        _ name: String, _ old: String, _ new: String
    ) throws -> Tokenizer {
        let text = String(decoding: try TokenizerFixture(name: name).bytes(), as: UTF8.self)
        let parts = text.components(separatedBy: old)
        try #require(parts.count == 2, "'\(old)' is there \(parts.count - 1) times")
        return try Tokenizer(tokenizerFile: Array(parts.joined(separator: new).utf8))
    }

    @Test(
        "what is not built is refused by name",
        arguments: [
            (
                "qwen2", #""normalizer":{"type":"NFC"}"#, #""normalizer":{"type":"Nmt"}"#,
                "tokenizer.json: normalizer: type 'Nmt' is not supported"
            ),
            (
                "mistral", #""pre_tokenizer":{"type":"Metaspace""#,
                #""pre_tokenizer":{"type":"UnicodeScripts""#,
                "tokenizer.json: pre_tokenizer: type 'UnicodeScripts' is not supported"
            ),
            (
                "gpt2", #""decoder":{"type":"ByteLevel""#, #""decoder":{"type":"CTC""#,
                "tokenizer.json: decoder: type 'CTC' is not supported"
            ),
            (
                "gpt2", #""post_processor":{"type":"ByteLevel""#,
                #""post_processor":{"type":"X""#,
                "tokenizer.json: post_processor: type 'X' is not supported"
            ),
            (
                "gpt2", #""model":{"type":"BPE""#, #""model":{"type":"Unigram""#,
                "tokenizer.json: model: type 'Unigram' is not supported"
            ),
            (
                "gpt2", #""dropout":null"#, #""dropout":0.1"#,
                "tokenizer.json: model: dropout is not supported"
            ),
            (
                "gpt2", #""end_of_word_suffix":null"#, #""end_of_word_suffix":"</w>""#,
                "tokenizer.json: model: end_of_word_suffix '</w>' is not supported"
            ),
            (
                "llama3", #"\\p{N}{1,3}"#, #"\\p{N}{1,4}"#,
                "tokenizer.json: pre_tokenizer: pretokenizers[0]: pattern: the expression "
                    + #"'(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,4}|"#
                    + #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+' is not supported"#
            ),
            (
                "gpt2", #""fuse_unk":false"#, #""fuse_unk":false,"new":1"#,
                "tokenizer.json: model: key 'new' is not supported"
            ),
            (
                "gpt2", #""byte_fallback":false"#, #""byte_fallback":true"#,
                "tokenizer.json: model: byte_fallback with 'ByteLevel' is not supported"
            ),
        ])
    func refusals(name: String, old: String, new: String, message: String) throws {
        let error = try modelError { _ = try tokenizer(name, old, new) }
        #expect(error.message == message)
        #expect(error.code == .unsupported)
    }

    /// Returns a small tokenizer.json of byte-pair encoding.
    private func file(
        vocab: String = #"{"a":0,"b":1,"ab":2}"#, merges: String = #"["a b"]"#,
        added: String = "[]", options: String = ""
    ) -> [UInt8] {
        Array(
            """
            {"version":"1.0","added_tokens":\(added),"normalizer":null,"pre_tokenizer":null,
             "post_processor":null,"decoder":null,
             "model":{"type":"BPE",\(options)"vocab":\(vocab),"merges":\(merges)}}
            """.utf8)
    }

    private func added(_ content: String, _ id: Int) -> String {
        """
        {"id":\(id),"content":"\(content)","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":false,"special":false}
        """
    }

    @Test("both ways to write merges are read, and the earlier merge comes first")
    func merges() throws {
        let vocab = #"{"a":0,"b":1,"c":2,"ab":3,"bc":4,"abc":5}"#
        for merges in [#"["b c","a b"]"#, #"[["b","c"],["a","b"]]"#] {
            let tokenizer = try Tokenizer(tokenizerFile: file(vocab: vocab, merges: merges))
            #expect(tokenizer.encode("abc") == [0, 4])
        }
        let whole = try Tokenizer(
            tokenizerFile: file(vocab: vocab, merges: "[]", options: #""ignore_merges":true,"#))
        #expect(whole.encode("abc") == [5])
        #expect(whole.encode("abca") == [0, 1, 2, 0])
    }

    @Test("unknown characters are left out, one token, or one token a run")
    func unknown() throws {
        let vocab = #"{"a":0,"?":1}"#
        func ids(_ options: String) throws -> [Int32] {
            try Tokenizer(tokenizerFile: file(vocab: vocab, merges: "[]", options: options))
                .encode("axya")
        }
        #expect(try ids("") == [0, 0])
        #expect(try ids(#""unk_token":"?","#) == [0, 1, 1, 0])
        #expect(try ids(#""unk_token":"?","fuse_unk":true,"#) == [0, 1, 0])
    }

    @Test("of added tokens that overlap, the leftmost and then longest is found")
    func overlappingTokens() throws {
        let list = "[\(added("<x", 10)),\(added("<x>", 11)),\(added("x><", 12))]"
        let tokenizer = try Tokenizer(tokenizerFile: file(added: list))
        #expect(tokenizer.encode("a<x><xb") == [0, 11, 10, 1])
        #expect(tokenizer.encode("ax><x>") == [0, 12])
    }

    @Test(
        "files that contradict themselves are errors with the place",
        arguments: [
            (
                #"{"a":0,"b":0,"ab":2}"#, #"["a b"]"#, "[]",
                "vocab: token 'b' has id 0, which is not a new one"
            ),
            (#"{"a":-1}"#, "[]", "[]", "vocab: token 'a' has id -1, which is not a new one"),
            (#"{"a":4194304}"#, "[]", "[]", "vocab: id 4194304 is not below 4194304"),
            (#"{"a":1e3}"#, "[]", "[]", "vocab: token 'a' has id 1e3"),
            (#"{"a":0,"b":1}"#, #"["a b"]"#, "[]", "merge 0: token 'ab' is not in the vocabulary"),
            (#"{"a":0,"b":1}"#, #"["a c"]"#, "[]", "merge 0: token 'c' is not in the vocabulary"),
            (#"{"":0,"a":1}"#, #"[["","a"]]"#, "[]", "merge 0: expected two tokens"),
            (#"{"a":0}"#, #"["a a a"]"#, "[]", "merge 0: expected two tokens"),
            (#"{"a":0}"#, "[7]", "[]", "merge 0: expected two tokens"),
        ])
    func contradictions(vocab: String, merges: String, added: String, message: String) throws {
        let error = try modelError {
            _ = try Tokenizer(tokenizerFile: file(vocab: vocab, merges: merges, added: added))
        }
        #expect(error.message.hasSuffix("model: " + message), "\(error.message)")
    }

    @Test("added tokens that contradict the vocabulary or each other are errors")
    func addedTokens() throws {
        for (list, message) in [
            ("[\(added("x", 1))]", "'x' has id 1, which disagrees with the vocabulary"),
            ("[\(added("a", 7))]", "'a' has id 7, which disagrees with the vocabulary"),
            ("[\(added("x", 7)),\(added("y", 7))]", "'y' has id 7 of another token"),
            ("[\(added("x", 7)),\(added("x", 8))]", "added token 'x' is there twice"),
            ("[\(added("", 7))]", "an added token is empty"),
            (
                "[\(added(String(repeating: "x", count: 300), 7))]",
                "has 300 bytes, more than 256"
            ),
        ] {
            let error = try modelError { _ = try Tokenizer(tokenizerFile: file(added: list)) }
            #expect(error.message.hasSuffix(message), "\(error.message)")
        }
    }

    @Test("huge files, deep files and bytes that are no text are errors")
    func hostile() throws {
        let huge = [UInt8](repeating: 0x20, count: 200 << 20)
        #expect(
            try modelError { _ = try Tokenizer(tokenizerFile: huge) }.message
                == "tokenizer.json: 209715200 bytes, more than 67108864")
        let deep = Array(String(repeating: "{\"a\":", count: 1000).utf8)
        #expect(
            try modelError { _ = try Tokenizer(tokenizerFile: deep) }.message
                == "tokenizer.json: values nested deeper than 32 at byte 160")
        var broken = file()
        broken[broken.count / 2] = 0xFF
        #expect(throws: ModelError.self) { _ = try Tokenizer(tokenizerFile: broken) }
        let many = "[" + String(repeating: "0,", count: JSONReader.valueCountMax) + "0]"
        let error = try modelError { _ = try Tokenizer(tokenizerFile: file(merges: many)) }
        #expect(error.code == .limit)
    }

    @Test("a key as long as the file does not multiply in the places below it")
    func longKey() throws {
        let key = String(repeating: "k", count: 1 << 20)
        let items = String(repeating: "{},", count: 100_000) + "{}"
        let file = Array("{\"\(key)\":[\(items)]}".utf8)
        #expect(throws: ModelError.self) { _ = try Tokenizer(tokenizerFile: file) }
    }

    @Test("merges that always join take time in proportion")
    func powersOfTwo() throws {
        var vocab = "\"a\":0"
        var merges: [String] = []
        for power in 0..<12 {
            let token = String(repeating: "a", count: 1 << power)
            vocab += ",\"\(token)\(token)\":\(power + 1)"
            merges.append("[\"\(token)\",\"\(token)\"]")
        }
        let tokenizer = try Tokenizer(
            tokenizerFile: file(
                vocab: "{\(vocab)}", merges: "[\(merges.joined(separator: ","))]"))
        let ids = tokenizer.encode(String(repeating: "a", count: 1 << 20))
        #expect(ids == [Int32](repeating: 12, count: 1 << 8))
    }

    @Test(
        "a changed file is an error or a tokenizer whose ids are in range",
        arguments: TokenizerFixture.all)
    func fuzz(fixture: TokenizerFixture) throws {
        let whole = try fixture.bytes()
        let head = String(decoding: whole, as: UTF8.self).range(of: "\"vocab\"")
        let headCount = head.map {
            String(decoding: whole, as: UTF8.self)[..<$0.lowerBound].utf8.count
        }
        var random = SplitMix(state: 77)
        var readCount = 0
        for round in 0..<Mutation.roundCount(short: 60, long: 20_000) {
            var bytes = whole
            if round.isMultiple(of: 3) {
                Mutation.applyGently(to: &bytes, &random)
            } else if round % 3 == 1, let headCount {
                // The parts before the vocabulary decide most, and are a small part of the bytes.
                var start = Array(bytes[..<headCount])
                Mutation.apply(to: &start, count: 2, &random)
                bytes.replaceSubrange(..<headCount, with: start)
            } else {
                Mutation.apply(to: &bytes, count: Int.random(in: 1...6, using: &random), &random)
            }
            guard let tokenizer = try? Tokenizer(tokenizerFile: bytes) else { continue }
            readCount += 1
            let ids = tokenizer.encode("The river's 123 你好 <s>[MASK] 😀\n\n x")
            #expect(ids.allSatisfy { (0..<Int32(tokenizer.idCount)).contains($0) })
            _ = tokenizer.decode(ids + [0, 1, 7, 1999])
        }
        #expect(readCount > 0)
    }
}
