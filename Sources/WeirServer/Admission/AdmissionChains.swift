// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirBackpressure
internal import WeirRPC

/// All chains of a server, and which of them concern a method.
struct AdmissionChains {
    private let server: [TimedChain]
    private let services: [String: [TimedChain]]
    private let methods: [String: [TimedChain]]
    private let exemptServices: Set<String>
    private let configuration: ServerConfiguration

    /// The chains made in code, and behind each of them the one that the configuration declares for the same scope.
    init(_ admission: ServerAdmission, _ configuration: ServerConfiguration) {
        let cores = min(configuration.threads, System.coreCount)
        let declared = { (settings: AdmissionSettings, scope: String) in
            settings.chain(scope: scope, cores: max(1, cores), observer: admission.observer)
        }
        let timed = { (chains: [AdmissionChain?]) in chains.compactMap { $0.map { TimedChain($0) } } }
        server = timed([admission.server, declared(configuration.admission, "")])
        var services = admission.services.mapValues { timed([$0]) }
        var methods = admission.methods.mapValues { timed([$0]) }
        for (name, settings) in configuration.overrides {
            let chains = timed([declared(settings.admission, name)])
            if name.hasPrefix("/") {
                methods[name, default: []] += chains
            } else {
                services[name, default: []] += chains
            }
        }
        self.services = services
        self.methods = methods
        exemptServices = admission.exemptServices
        self.configuration = configuration
    }

    /// What a call of a method counts in rates.
    func cost(of method: MethodDescriptor) -> Int {
        configuration.overrides[method.path]?.admission.rateCost
            ?? configuration.overrides[method.service.fullyQualifiedName]?.admission.rateCost
            ?? configuration.admission.rateCost ?? 1
    }

    /// The narrowest first.
    func chains(for method: MethodDescriptor) -> [TimedChain] {
        let service = method.service.fullyQualifiedName
        let wide = exemptServices.contains(service) ? [] : server
        return (methods[method.path] ?? []) + (services[service] ?? []) + wide
    }
}
