// SPDX-License-Identifier: Apache-2.0

internal import WeirBackpressure
internal import WeirEngine
internal import WeirHTTP2
internal import WeirRPC
internal import WeirTransport

/// What the calls of one method have to pass, and how to describe them to the policies.
final class MethodAdmission: Sendable {
    /// The narrowest first.
    let chains: [TimedChain]

    private let method: MethodDescriptor
    private let name: String
    private let cost: Int
    private let priorityName: String
    private let priorityCeiling: CallPriority

    /// Nil when nothing stands before the method's handler.
    init?(_ method: MethodDescriptor, chains: [TimedChain], cost: Int, admission: ServerAdmission) {
        guard !chains.isEmpty else { return nil }
        self.method = method
        self.chains = chains
        self.cost = cost
        name = String(method.path.dropFirst())
        priorityName = admission.priorityName
        priorityCeiling = admission.priorityCeiling
    }

    /// What policies may know of a call.
    func facts(of handle: CallHandle) -> CallFacts {
        let metadata = handle.call.head.metadata
        let peer = Peer(handle.remoteAddress)
        return CallFacts(
            method: name, peer: peer.host ?? peer.unixPath ?? "", certificate: peer.certificate?.identity,
            metadata: metadata,
            priority: metadata.isEmpty
                ? min(.normal, priorityCeiling)
                : CallFacts.priority(in: metadata, name: priorityName, ceiling: priorityCeiling),
            deadline: handle.call.deadline.map { PolicyInstant($0) },
            isStreaming: method.kind.streamsResponses, isUpload: method.kind.streamsRequests, cost: cost)
    }
}

extension PolicyInstant {
    /// The same instant: policies and connections count from one origin.
    init(_ instant: MonotonicInstant) {
        self.init(nanoseconds: instant.nanoseconds)
    }
}

extension Peer.Certificate {
    /// Whom the certificate names, as one text: the first URI (a SPIFFE id), else the first DNS name, else the subject.
    var identity: String {
        for name in alternativeNames { if case .uri(let uri) = name { return uri } }
        for name in alternativeNames { if case .dns(let host) = name { return host } }
        return subject
    }
}
