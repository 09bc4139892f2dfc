extension TemplateRun {
    static let tests: Set<String> = [
        "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "true",
        "false", "mapping", "iterable", "sequence", "equalto", "eq", "ne", "odd", "even", "in",
        "divisibleby",
    ]

    static func test(
        _ name: String, _ value: TemplateValue, _ arguments: [TemplateValue]
    ) throws(ModelError) -> Bool {
        switch name {
        case "defined", "undefined":
            var isDefined = true
            if case .undefined = value { isDefined = false }
            return isDefined == (name == "defined")
        case "none":
            if case .none = value { return true }
            return false
        case "string":
            if case .string = value { return true }
            return false
        case "number": return value.number != nil
        case "integer":
            if case .integer = value { return true }
            return false
        case "float":
            if case .float = value { return true }
            return false
        case "boolean", "true", "false":
            guard case .boolean(let flag) = value else { return false }
            return name == "boolean" || flag == (name == "true")
        case "mapping":
            if case .object = value { return true }
            return false
        case "iterable", "sequence": return isSequence(value, name)
        default: return try testWithArgument(name, value, arguments)
        }
    }

    private static func isSequence(_ value: TemplateValue, _ name: String) -> Bool {
        switch value {
        case .string, .list, .object: true
        case .undefined: true
        default: false
        }
    }

    private static func testWithArgument(
        _ name: String, _ value: TemplateValue, _ arguments: [TemplateValue]
    ) throws(ModelError) -> Bool {
        if name == "odd" || name == "even" {
            guard let number = value.integer else {
                throw ChatTemplate.failure("\(value.kind) is neither odd nor even")
            }
            return number.isMultiple(of: 2) == (name == "even")
        }
        guard let argument = arguments.first else {
            throw ChatTemplate.failure("test '\(name)' needs an argument")
        }
        switch name {
        case "equalto", "eq": return value.equals(argument)
        case "ne": return !value.equals(argument)
        case "in": return try contains(argument, value)
        default:
            guard let number = value.integer, let divisor = argument.integer, divisor != 0 else {
                throw ChatTemplate.failure("cannot divide \(value.kind) by \(argument.kind)")
            }
            return number.isMultiple(of: divisor)
        }
    }
}
