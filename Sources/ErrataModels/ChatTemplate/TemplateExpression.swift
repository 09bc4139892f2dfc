/// An expression of a template.
indirect enum TemplateExpression: Sendable {
    struct Arguments: Sendable {
        var plain: [TemplateExpression] = []
        var named: [(name: String, value: TemplateExpression)] = []
    }

    case literal(TemplateValue)
    case name(String)
    case list([TemplateExpression])
    case object([(key: TemplateExpression, value: TemplateExpression)])
    case member(TemplateExpression, String)
    case item(TemplateExpression, TemplateExpression)
    case slice(TemplateExpression, [TemplateExpression?])
    case call(String, Arguments)
    case method(TemplateExpression, String, Arguments)
    case filter(TemplateExpression, String, Arguments)
    case test(TemplateExpression, String, Arguments)
    case not(TemplateExpression)
    case negative(TemplateExpression)
    case and(TemplateExpression, TemplateExpression)
    case or(TemplateExpression, TemplateExpression)
    case arithmetic(String, TemplateExpression, TemplateExpression)
    case comparison(TemplateExpression, [(symbol: String, value: TemplateExpression)])
    case conditional(TemplateExpression, when: TemplateExpression, otherwise: TemplateExpression?)
}

/// A statement of a template.
indirect enum TemplateStatement: Sendable {
    struct Loop: Sendable {
        let names: [String]
        let items: TemplateExpression
        let condition: TemplateExpression?
        let body: [TemplateStatement]
        let otherwise: [TemplateStatement]
    }

    case text(String)
    case output(TemplateExpression)
    /// Branches in order; one without a condition is the last.
    case conditional([(condition: TemplateExpression?, body: [TemplateStatement])])
    case loop(Loop)
    case set(String, TemplateExpression)
    case setMember(String, String, TemplateExpression)
    case capture(String, [TemplateStatement])
    case breakLoop
    case continueLoop
}
