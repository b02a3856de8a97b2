// SPDX-License-Identifier: Apache-2.0

public import WeirServer

/// The services that tools and load balancers expect of every gRPC server.
///
/// ```swift
/// let standard = StandardServices()
/// let server = Server(services: [Greeter()] + standard.all, logger: logger)
/// standard.health.setStatus(.notServing, for: "demo.Greeter")
/// ```
///
/// If nothing is to be said to them: `Server(services: [Greeter()] + .standard, logger: logger)`.
public struct StandardServices: Sendable {
    /// Tells which services serve.
    public let health: HealthService
    /// Tells which services and types there are; nil: nobody is told.
    public let reflection: ReflectionService?
    /// Tells what connections do; nil: nobody is told.
    public let channelz: ChannelzService?
    /// Tells how loaded the server is; nil: nobody is told.
    public let load: LoadReportService?

    /// Makes the services; those that tell outsiders about the server's inside can be left out.
    public init(
        health: HealthService = HealthService(), reflection: Bool = true, channelz: Bool = true,
        load: LoadReportService? = LoadReportService()
    ) {
        self.health = health
        self.reflection = reflection ? ReflectionService() : nil
        self.channelz = channelz ? ChannelzService() : nil
        self.load = load
    }

    /// All of them, to be served beside one's own.
    public var all: [any Service] {
        let all: [(any Service)?] = [health, reflection, channelz, load]
        return all.compactMap { $0 }
    }
}

extension [any Service] {
    /// Health, reflection, channelz and load reports, each with its defaults.
    ///
    /// Made anew each time; see ``StandardServices`` to keep them at hand.
    public static var standard: [any Service] { StandardServices().all }
}
