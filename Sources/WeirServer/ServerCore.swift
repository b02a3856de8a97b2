// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
internal import Synchronization
internal import WeirBackpressure
package import WeirEngine
internal import WeirRPC
package import WeirTransport

/// What a server's connections share: its routes, its count of handlers, its log.
package final class ServerCore: CallRouting, ServerTransportDelegate {
    let shutdownRequest = Signal()

    /// What is wrong with the configuration, or with what the server was made of; nil when nothing is.
    package let problem: String?

    private let routes: [String: CallRoute]
    private let services: Set<String>
    private let logger: Logger
    private let handlers = Atomic<Int>(0)
    /// The server as its services know it, and those that want to know.
    package let attachment: AttachedServer
    private let attached: [any AttachedService]
    private let isDraining = Atomic<Bool>(false)

    /// Makes the core of a server of these services.
    package convenience init(
        services: [any Service], interceptors: [any ServerInterceptor], admission: ServerAdmission = ServerAdmission(),
        configuration: ServerConfiguration, logger: Logger
    ) {
        var router = Router()
        for service in services { service.register(with: &router) }
        router.services = services
        self.init(
            router: router, interceptors: interceptors, admission: admission, configuration: configuration,
            logger: logger)
    }

    init(
        router: Router, interceptors: [any ServerInterceptor], admission: ServerAdmission = ServerAdmission(),
        configuration: ServerConfiguration, logger: Logger
    ) {
        self.logger = logger
        let chains = AdmissionChains(admission, configuration)
        var problem: String?
        var routes: [String: CallRoute] = [:]
        for (path, registration) in router.registrations {
            let applying = interceptors.filter { $0.applies(to: registration.method) }
            if applying.count > maximumInterceptorCount {
                problem = "\(path) has \(applying.count) interceptors; at most \(maximumInterceptorCount) are allowed"
            }
            let settings = configuration.settings(of: registration.method)
            routes[path] = CallRoute(
                method: registration.method,
                maximumRequestBytes: settings?.maximumRequestBytes ?? configuration.maximumRequestBytes,
                maximumResponseBytes: settings?.maximumResponseBytes ?? configuration.maximumResponseBytes,
                flow: settings.map { configuration.flow($0) },
                responseCompression: settings?.responseCompression ?? configuration.responseCompression,
                handler: MethodBody(
                    registration.handler, interceptors: applying,
                    admission: MethodAdmission(
                        registration.method, chains: chains.chains(for: registration.method),
                        cost: chains.cost(of: registration.method), admission: admission)))
        }
        self.routes = routes
        services = Set(router.registrations.values.map { $0.method.service.fullyQualifiedName })
        self.problem =
            problem ?? configuration.problem
            ?? configuration.problem(servedPaths: Set(routes.keys), services: services)
            ?? admission.problem(servedPaths: Set(routes.keys), services: services)
        attachment = AttachedServer(
            serviceNames: services.sorted(), types: router.services.map { type(of: $0) })
        attached = router.services.compactMap { $0 as? any AttachedService }
        for service in attached { service.attach(to: attachment) }
    }

    /// The server drains: services are told before their clients are.
    package func willDrain() {
        guard !isDraining.exchange(true, ordering: .relaxed) else { return }
        for service in attached { service.serverWillDrain() }
    }

    /// Handlers that run at the moment.
    package var handlersRunning: Int { handlers.load(ordering: .relaxed) }

    // MARK: - CallRouting

    package func route(path: String) -> CallRoute? { routes[path] }

    package func knowsService(ofPath path: String) -> Bool {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return false }
        return services.contains(String(path[path.index(after: path.startIndex)..<slash]))
    }

    // MARK: - ServerTransportDelegate

    package func startHandler(_ handle: CallHandle, request: ByteBuffer?) {
        guard let body = handle.call.route.handler as? MethodBody else {
            handle.call.handlerReturned(Status(code: .unimplemented, message: "the method has no handler"))
            return
        }
        handle.request = request
        handle.requestIsCompressed = handle.call.requestWasCompressed
        guard let admission = body.admission else { return run(body, handle) }
        CallAdmission.ask(
            admission, for: handle, onAdmitted: { self.run(body, handle) },
            onRejected: { self.reject(handle, $0) })
    }

    private func reject(_ handle: CallHandle, _ rejection: Rejection) {
        handle.request = nil
        var generator = SystemRandomNumberGenerator()
        var error = rejection.error(using: &generator)
        // It waited until its time was up, which is what its client will say too.
        if rejection.reason == .queueDeadline, let deadline = handle.call.deadline, deadline <= handle.now {
            error.code = .deadlineExceeded
        }
        handle.call.handlerReturned(error.status, metadata: error.metadata)
        handle.noteEnd()
        logger.debug(
            "call turned away",
            metadata: [
                "weir.method": "\(handle.call.route.method.path)", "weir.policy": "\(rejection.policy)",
                "reason": "\(rejection.reason.name)",
            ])
    }

    private func run(_ body: MethodBody, _ handle: CallHandle) {
        handlers.wrappingAdd(1, ordering: .relaxed)
        // The one place where a task is made that has no parent: it is the root of the call, joined by the count above.
        handle.task = Task(executorPreference: handle.executor) { [self] in
            let state = CallState(handle: handle, logger: logger)
            var status = Status(code: .ok)
            var trailing: Metadata
            var wasRejection = false
            do {
                let context = CallContext(state: state)
                if body.isPlain {
                    try await body.handler.run(context)
                } else {
                    try await body.runIntercepted(context)
                }
                trailing = state.trailing()
            } catch {
                (status, trailing) = outcome(of: error, state)
                // Turned away by what the handler calls: that says nothing of this server.
                wasRejection = error.rejection != nil
            }
            await handle.finishHandedOver(status.code)
            let (finalStatus, finalMetadata, isRejection) = (status, trailing, wasRejection)
            handle.onLoop { call in
                if let admission = handle.gate as? CallAdmission {
                    let callEnd = call.isOpen ? nil : call.error.code
                    admission.ended(as: isRejection ? .ignored : CallOutcome(finalStatus.code, callEnd: callEnd))
                }
                handle.takeHandedOver()
                call.handlerReturned(finalStatus, metadata: finalMetadata)
                handle.noteEnd()
            }
            handlers.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    private func outcome(of error: any Error, _ state: CallState) -> (Status, Metadata) {
        let told = RPCError(for: error)
        switch error {
        case is any RPCErrorConvertible, is CancellationError: break
        default:
            state.logger.error("a handler threw an error that is no RPCError", metadata: ["error": "\(error)"])
        }
        return (told.status, state.trailing(ofError: told.metadata))
    }

    package func report(_ report: ServerConnectionReport, remoteAddress: SocketAddress?) {
        let peer: Logger.MetadataValue = "\(Peer(remoteAddress))"
        switch report {
        case .stalled(let method, let stream, let stalled):
            logger.notice(
                "\(Self.text(of: stalled.reason))",
                metadata: [
                    "weir.method": "\(method)", "weir.stream": "\(stream)", "weir.peer": peer,
                    "weir.cause": "\(stalled.cause.rawValue)", "weir.stalled_for": "\(stalled.stalledFor.secondsText)",
                    "weir.held_bytes": "\(stalled.heldBytes)", "weir.messages_sent": "\(stalled.messagesSent)",
                    "weir.window": "\(stalled.windowBytes)", "weir.tail": "\(stalled.isTail)",
                ])
        case .idle(let method, let stream, let idleFor):
            logger.notice(
                "stream was idle and was cancelled",
                metadata: [
                    "weir.method": "\(method)", "weir.stream": "\(stream)", "weir.peer": peer,
                    "weir.idle_for": "\(idleFor.secondsText)",
                ])
        case .connectionStalled(let seconds, let streams):
            logger.notice(
                "connection stalled and was closed: its socket took no bytes",
                metadata: [
                    "weir.peer": peer, "weir.cause": "socket",
                    "weir.stalled_for": "\(Duration.seconds(seconds).secondsText)", "weir.streams": "\(streams)",
                ])
        case .connectionShed(let seconds, let streams, let heldBytes):
            logger.notice(
                "connection was closed to free memory: its socket took no bytes while the send budget was used up",
                metadata: [
                    "weir.peer": peer, "weir.cause": "socket", "weir.held_bytes": "\(heldBytes)",
                    "weir.stalled_for": "\(Duration.seconds(seconds).secondsText)", "weir.streams": "\(streams)",
                ])
        case .inputTimedOut(let code, let reason, let streams):
            logger.notice(
                "connection was closed: its client did not finish what it had begun to send",
                metadata: [
                    "weir.peer": peer, "weir.code": "\(code)", "reason": "\(reason)", "weir.streams": "\(streams)",
                ])
        case .requestStalled(let method, let stream, let stalled):
            logger.notice(
                "request stalled and was refused",
                metadata: [
                    "weir.method": "\(method)", "weir.stream": "\(stream)", "weir.peer": peer,
                    "weir.received_bytes": "\(stalled.receivedBytes)",
                    "weir.waited_for": "\(stalled.waitedFor.secondsText)",
                    "weir.missing": "\(stalled.isWhole ? "end_stream" : "message")",
                ])
        case .protocolError(let error):
            logger.info("connection failed", metadata: ["weir.peer": peer, "error": "\(error)"])
        case .connectionRefused(let reason):
            logger.notice("connection refused", metadata: ["weir.peer": peer, "reason": "\(reason)"])
        case .fieldsTooLarge(let method, let stream, let bytes, let limit):
            logger.warning(
                "a response's metadata is larger than its client takes and was not sent",
                metadata: [
                    "weir.method": "\(method)", "weir.stream": "\(stream)", "weir.peer": peer, "weir.bytes": "\(bytes)",
                    "weir.limit": "\(limit)",
                ])
        case .refused(let reason):
            logger.debug("request refused", metadata: ["weir.peer": peer, "reason": "\(reason)"])
        }
    }

    private static func text(of reason: StreamStalled.Reason) -> String {
        switch reason {
        case .stalled: "stream stalled and was cancelled"
        case .tooSlow: "stream was read too slowly and was cancelled"
        case .shed: "stream was shed to free memory"
        }
    }
}
