extension TemplateRun {
    static let listCountMax = 1 << 20

    static func arithmetic(
        _ symbol: String, _ left: TemplateValue, _ right: TemplateValue
    ) throws(ModelError) -> TemplateValue {
        switch (symbol, left, right) {
        case ("~", _, _): return try joined(left.text, right.text)
        case ("+", .string(let a), .string(let b)): return try joined(a, b)
        case ("+", .list(let a), .list(let b)):
            guard a.count + b.count <= listCountMax else {
                throw ModelError(
                    .limit, "chat template: a list of more than \(listCountMax) values")
            }
            return .list(a + b)
        default: break
        }
        if symbol != "/", let a = left.integer, let b = right.integer {
            return .integer(try whole(symbol, a, b))
        }
        guard let a = left.number, let b = right.number else {
            throw ChatTemplate.failure("cannot take \(left.kind) \(symbol) \(right.kind)")
        }
        switch symbol {
        case "+": return .float(a + b)
        case "-": return .float(a - b)
        case "*": return .float(a * b)
        case "/" where b != 0: return .float(a / b)
        case "//" where b != 0: return .float((a / b).rounded(.down))
        case "%" where b != 0: return .float(a - b * (a / b).rounded(.down))
        default: throw ChatTemplate.failure("division by zero")
        }
    }

    private static func joined(_ a: String, _ b: String) throws(ModelError) -> TemplateValue {
        let text = a + b
        try check(text)
        return .string(text)
    }

    /// Python's whole numbers, but for those that do not fit 64 bits.
    private static func whole(_ symbol: String, _ a: Int, _ b: Int) throws(ModelError) -> Int {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case "+": result = a.addingReportingOverflow(b)
        case "-": result = a.subtractingReportingOverflow(b)
        case "*": result = a.multipliedReportingOverflow(by: b)
        default:
            guard b != 0 else { throw ChatTemplate.failure("division by zero") }
            guard !(a == .min && b == -1) else {
                throw ChatTemplate.failure("a number is too large")
            }
            // Python rounds down, and the remainder has the divisor's sign.
            let isUneven = a % b != 0 && (a < 0) != (b < 0)
            if symbol == "//" { return a / b - (isUneven ? 1 : 0) }
            return a % b + (isUneven ? b : 0)
        }
        guard !result.overflow else { throw ChatTemplate.failure("a number is too large") }
        return result.partialValue
    }

    static func compares(
        _ left: TemplateValue, _ symbol: String, _ right: TemplateValue
    ) throws(ModelError) -> Bool {
        switch symbol {
        case "==": return left.equals(right)
        case "!=": return !left.equals(right)
        case "in": return try contains(right, left)
        case "not in": return try !contains(right, left)
        default: break
        }
        let isLess: Bool
        let isMore: Bool
        if case .string(let a) = left, case .string(let b) = right {
            isLess = a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
            isMore = b.unicodeScalars.lexicographicallyPrecedes(a.unicodeScalars)
        } else if let a = left.number, let b = right.number {
            (isLess, isMore) = (a < b, a > b)
        } else {
            throw ChatTemplate.failure("cannot compare \(left.kind) with \(right.kind)")
        }
        switch symbol {
        case "<": return isLess
        case ">": return isMore
        case "<=": return !isMore
        default: return !isLess
        }
    }

    static func contains(
        _ container: TemplateValue, _ value: TemplateValue
    ) throws(ModelError) -> Bool {
        switch (container, value) {
        case (.list(let items), _): return items.contains { $0.equals(value) }
        case (.object(let object), .string(let key)): return object[key] != nil
        case (.object, _), (.undefined, _): return false
        case (.string(let text), .string(let part)): return find(part, in: text.utf8[...]) != nil
        default: throw ChatTemplate.failure("cannot look for \(value.kind) in \(container.kind)")
        }
    }

    static func item(
        _ index: TemplateValue, of base: TemplateValue,
        _ namespaces: [TemplateValue.TemplateObject]
    ) throws(ModelError) -> TemplateValue {
        switch (base, index) {
        case (.object(let object), .string(let key)): return object[key] ?? .undefined
        case (.namespace(let place), .string(let key)):
            return namespaces[place][key] ?? .undefined
        case (.undefined, _): throw ChatTemplate.failure("an item of an undefined value")
        default: break
        }
        guard let place = index.integer else { return .undefined }
        switch base {
        case .list(let items):
            let place = place < 0 ? place + items.count : place
            return items.indices.contains(place) ? items[place] : .undefined
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            let place = place < 0 ? place + scalars.count : place
            return scalars.indices.contains(place) ? .string(String(scalars[place])) : .undefined
        default: return .undefined
        }
    }

    /// Python's slices of lists and texts.
    static func slice(_ base: TemplateValue, _ bounds: [Int?]) throws(ModelError) -> TemplateValue {
        let step = bounds[2] ?? 1
        guard step != 0 else { throw ChatTemplate.failure("a slice step of zero") }
        switch base {
        case .list(let items):
            return .list(places(items.count, bounds, step).map { items[$0] })
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            var view = String.UnicodeScalarView()
            for place in places(scalars.count, bounds, step) { view.append(scalars[place]) }
            return .string(String(view))
        default: throw ChatTemplate.failure("cannot slice \(base.kind)")
        }
    }

    private static func places(_ count: Int, _ bounds: [Int?], _ step: Int) -> [Int] {
        let lowest = step > 0 ? 0 : -1
        let highest = step > 0 ? count : count - 1
        func clamped(_ bound: Int) -> Int {
            min(max(bound < 0 ? max(bound, -count - 1) + count : bound, lowest), highest)
        }
        let start = bounds[0].map(clamped) ?? (step > 0 ? 0 : count - 1)
        let end = bounds[1].map(clamped) ?? (step > 0 ? count : -1)
        return Array(stride(from: start, to: end, by: step))
    }

    static func string(_ value: TemplateValue, _ what: String) throws(ModelError) -> String {
        guard case .string(let text) = value else {
            throw ChatTemplate.failure("\(what) must be a string, not \(value.kind)")
        }
        return text
    }

    /// Returns where a text stands in another.
    static func find(_ part: String, in text: Substring.UTF8View) -> Range<String.Index>? {
        let bytes = Array(part.utf8)
        guard let first = bytes.first else { return text.startIndex..<text.startIndex }
        var start = text.startIndex
        while let place = text[start...].firstIndex(of: first) {
            if text[place...].starts(with: bytes) {
                return place..<text.index(place, offsetBy: bytes.count)
            }
            start = text.index(after: place)
        }
        return nil
    }
}
