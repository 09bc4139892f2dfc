import ErrataAPI
package import ErrataCore
import ErrataService
import HTTPTypes

/// What is told of a route beyond this module: the schema is held against it.
package struct RouteDescription: Equatable, Sendable {
    /// In lower case.
    package let method: String
    package let path: String
    package let parameters: Set<String>
    /// What a user must be permitted; nil for what everybody who can connect may use.
    package let permission: Permission?

    /// Every route that the daemon answers.
    package static var all: [RouteDescription] {
        ServerState.allRoutes.map { route in
            RouteDescription(
                method: route.method.rawValue.lowercased(), path: route.path,
                parameters: route.parameters, permission: route.permission)
        }
    }

    /// Every code that a problem can have.
    package static var codes: Set<String> {
        Set(ServiceError.Code.allCases.map(\.rawValue))
            .union(Refusal.Code.allCases.map(\.rawValue))
            .union(RequestError.Code.allCases.map(\.rawValue))
            .union([Problem.internalCode])
    }
}
