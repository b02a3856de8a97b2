// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
internal import Synchronization
package import WeirEngine
internal import WeirRPC
package import WeirTransport

/// What a server's connections share: its routes, its count of handlers, its log.
package final class ServerCore: CallRouting, ServerTransportDelegate {
    let shutdownRequest = Signal()

    private let routes: [String: CallRoute]
    private let services: Set<String>
    private let logger: Logger
    private let handlers = Atomic<Int>(0)
    /// The server as its services know it, and those that want to know.
    package let attachment: AttachedServer
    private let attached: [any AttachedService]
    private let isDraining = Atomic<Bool>(false)

    /// Makes the core of a server of these services.
    package convenience init(services: [any Service], configuration: ServerConfiguration, logger: Logger) {
        var router = Router()
        for service in services { service.register(with: &router) }
        router.services = services
        self.init(router: router, configuration: configuration, logger: logger)
    }

    init(router: Router, configuration: ServerConfiguration, logger: Logger) {
        self.logger = logger
        var routes: [String: CallRoute] = [:]
        for (path, registration) in router.registrations {
            let service = registration.method.service.fullyQualifiedName
            let settings = configuration.overrides[path] ?? configuration.overrides[service]
            routes[path] = CallRoute(
                method: registration.method,
                maximumRequestBytes: settings?.maximumRequestBytes ?? configuration.maximumRequestBytes,
                flow: settings.map { configuration.flow($0) },
                handler: registration.handler)
        }
        self.routes = routes
        services = Set(router.registrations.values.map { $0.method.service.fullyQualifiedName })
        attachment = AttachedServer(
            serviceNames: services.sorted(), types: router.services.map { type(of: $0) })
        attached = router.services.compactMap { $0 as? any AttachedService }
        for service in attached { service.attach(to: attachment) }
    }

    /// Tells the services that the server drains; to be called before its connections are told.
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
        guard let handler = handle.call.route.handler as? any MethodHandler else {
            handle.call.handlerReturned(Status(code: .unimplemented, message: "the method has no handler"))
            return
        }
        handlers.wrappingAdd(1, ordering: .relaxed)
        handle.request = request
        // The one place where a task is made that has no parent: it is the root of the call, joined by the count above.
        handle.task = Task(executorPreference: handle.executor) { [self] in
            let replies = ReplyMetadata()
            var status = Status(code: .ok)
            var trailing = Metadata()
            do {
                try await handler.run(handle, context: CallContext(handle: handle, replies: replies))
                trailing = replies.trailingMetadata
            } catch {
                (status, trailing) = outcome(of: error, handle, replies)
            }
            await handle.finishHandedOver(status.code)
            let (finalStatus, finalMetadata) = (status, trailing)
            handle.onLoop { call in
                handle.takeHandedOver()
                call.handlerReturned(finalStatus, metadata: finalMetadata)
                handle.noteEnd()
            }
            handlers.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    private func outcome(
        of error: any Error, _ handle: CallHandle, _ replies: ReplyMetadata
    ) -> (Status, Metadata) {
        switch error {
        case let error as RPCError:
            return (error.status, replies.trailingMetadata(insteadOf: error.metadata.isEmpty ? nil : error.metadata))
        case is CancellationError:
            return (Status(code: .cancelled, message: "the call was cancelled"), replies.trailingMetadata)
        default:
            // What an unexpected error says may be nobody else's business: it is logged, and the client gets UNKNOWN.
            logger.error(
                "a handler threw an error that is no RPCError",
                metadata: ["weir.method": "\(handle.call.route.method.path)", "error": "\(error)"])
            return (Status(code: .unknown, message: "the handler failed"), replies.trailingMetadata)
        }
    }

    package func report(_ report: ServerConnectionReport, remoteAddress: SocketAddress?) {
        let peer: Logger.MetadataValue = "\(remoteAddress.map { "\($0)" } ?? "unknown")"
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
