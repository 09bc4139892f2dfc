import ErrataModels

/// A pair as a line of JSON; the keys stand in a fixed order.
extension ScopePair {
    private static let keys: Set<String> = [
        "question", "edit", "scope", "part", "answer", "span", "kind", "subject", "source",
        "sample",
    ]
    private static let inScopeKeys = ["part", "answer", "span"]

    /// The line, without its end.
    package var json: String {
        var line = "{\"question\":\(JSONText.quoted(question)),\"edit\":\(JSONText.quoted(edit))"
        if let answer {
            let span = answer.span.map { "[\($0.lowerBound),\($0.upperBound)]" } ?? "null"
            line += ",\"scope\":\"in\",\"part\":\"\(answer.part.rawValue)\""
            line += ",\"answer\":\(JSONText.quoted(answer.text)),\"span\":\(span)"
        } else {
            line += ",\"scope\":\"out\""
        }
        line += ",\"kind\":\(JSONText.quoted(kind)),\"subject\":\(JSONText.quoted(subject))"
        line += ",\"source\":\(JSONText.quoted(source)),\"sample\":\(sample)}"
        return line
    }

    /// Reads one line; `place` names file and line in messages.
    package init(json line: [UInt8], place: String) throws(DatasetError) {
        let fields = try DatasetFields(line, place: place)
        try fields.refuseKeys(besides: ScopePair.keys)
        question = try fields.text("question")
        edit = try fields.text("edit")
        kind = try fields.text("kind")
        subject = try fields.text("subject")
        source = try fields.text("source")
        sample = try fields.integer("sample")
        switch try fields.text("scope") {
        case "in":
            answer = try Answer(fields, edit: edit)
        case "out":
            answer = nil
            for key in ScopePair.inScopeKeys where fields.object[key] != nil {
                throw fields.error("'\(key)' belongs to pairs in scope, and this one is out")
            }
        case let other:
            throw fields.error("'scope' must be \"in\" or \"out\", not \"\(other)\"")
        }
    }
}

extension ScopePair.Answer {
    fileprivate init(_ fields: DatasetFields, edit: String) throws(DatasetError) {
        let name = try fields.text("part")
        guard let part = ScopePair.Part(rawValue: name) else {
            throw fields.error("'part' must be \"object\" or \"subject\", not \"\(name)\"")
        }
        self.part = part
        text = try fields.text("answer")
        span = try fields.span("span")
        guard let span else { return }
        let scalars = Array(edit.unicodeScalars)
        guard span.upperBound <= scalars.count else {
            throw fields.error(
                "'span' ends at \(span.upperBound), but the edit has \(scalars.count) scalars")
        }
        guard scalars[span].elementsEqual(text.unicodeScalars) else {
            var found = String.UnicodeScalarView()
            found.append(contentsOf: scalars[span])
            throw fields.error("'span' holds '\(String(found))', but the answer is '\(text)'")
        }
    }
}

/// The members of one record, checked as they are read.
struct DatasetFields {
    let object: JSONObject
    let place: String

    init(_ bytes: [UInt8], place: String) throws(DatasetError) {
        do {
            object = try JSONReader.object(bytes, place: place)
        } catch {
            throw DatasetError(.malformed, error.message)
        }
        self.place = place
    }

    init(_ object: JSONObject, place: String) {
        self.object = object
        self.place = place
    }

    func error(_ what: String) -> DatasetError { DatasetError(.malformed, "\(place): \(what)") }

    func refuseKeys(besides known: Set<String>) throws(DatasetError) {
        for member in object.members where !known.contains(member.key) {
            throw error("key '\(member.key)' is not known")
        }
    }

    /// Returns a text that must be there, not empty and not too long.
    func text(_ key: String) throws(DatasetError) -> String {
        guard let value = object[key] else { throw error("key '\(key)' is missing") }
        guard case .string(let text) = value else {
            throw error("'\(key)' must be a string, not \(value.kind)")
        }
        guard !text.isEmpty else { throw error("'\(key)' is empty") }
        guard text.utf8.count <= ScopePair.textBytesMax else {
            throw DatasetError(
                .limit,
                "\(place): '\(key)' has \(text.utf8.count) bytes, more than \(ScopePair.textBytesMax)"
            )
        }
        return text
    }

    func integer(_ key: String) throws(DatasetError) -> Int {
        guard let value = object[key] else { throw error("key '\(key)' is missing") }
        guard case .number(let text) = value, let number = Int(text), number >= 0 else {
            throw error("'\(key)' must be an integer from 0, not \(value.kind)")
        }
        return number
    }

    /// Returns `[start, end)`; nil for null.
    func span(_ key: String) throws(DatasetError) -> Range<Int>? {
        guard let value = object[key] else { throw error("key '\(key)' is missing") }
        if case .null = value { return nil }
        guard case .array(let items) = value, items.count == 2,
            case .number(let first) = items[0], case .number(let second) = items[1],
            let start = Int(first), let end = Int(second), 0 <= start, start < end
        else { throw error("'\(key)' must be null or [start, end) with 0 <= start < end") }
        return start..<end
    }
}

/// Text as it stands in JSON.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        out.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): out += Array("\\n".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                out += Array(
                    ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
        return String(decoding: out, as: UTF8.self)
    }
}
