// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import WeirTesting

/// Looks whether the target can be judged at all, and measures what the profiles need to know of the method.
struct Preflight {
    let address: SocketAddress
    let target: String
    let call: ClientCall
    /// How long the method's rate is measured at most.
    let measuring: Duration
    let isStopped: () -> Bool

    /// How long a connection, and then a first answer, may take.
    static let patience = Duration.seconds(10)

    /// How long each of several addresses has to answer before the next one is tried.
    static let patienceWithEach = Duration.seconds(2)

    /// The addresses of a name, in the order in which the system would try them; refuses those that are not loopback unless
    /// they are allowed.
    static func resolve(
        _ host: String, port: Int, allowsRemote: Bool
    ) throws(BenchError) -> [SocketAddress] {
        let addresses = HostName.addresses(of: host, port: port)
        guard !addresses.isEmpty else { throw BenchError(.couldNotRun, "\(host) is not known") }
        let allowed = allowsRemote ? addresses : addresses.filter(isLoopback)
        guard !allowed.isEmpty else {
            throw BenchError(
                .usage,
                "\(host) is not on this machine: hostile clients go only to loopback addresses unless --allow-remote is given"
            )
        }
        return allowed
    }

    /// The first of these addresses that takes a connection; the first one if none does.
    ///
    /// Blocks.
    static func reachable(_ addresses: [SocketAddress], isStopped: () -> Bool) -> SocketAddress? {
        // Of one address the control says more about what is wrong with it.
        guard addresses.count > 1 else { return addresses.first }
        return addresses.first { address in
            guard let descriptor = try? SocketDescriptor(connectingTo: address, receiveBufferBytes: nil) else {
                return false
            }
            defer { descriptor.shut() }
            let end = ContinuousClock.now + patienceWithEach
            while ContinuousClock.now < end, !isStopped() {
                if descriptor.awaitConnection(milliseconds: 50) { return descriptor.connectError == 0 }
            }
            return false
        } ?? addresses.first
    }

    static func isLoopback(_ address: SocketAddress) -> Bool {
        switch address {
        case .v4: address.ipAddress?.hasPrefix("127.") ?? false
        case .v6: address.ipAddress == "::1" || address.ipAddress?.hasPrefix("::ffff:127.") ?? false
        case .unixDomainSocket: true
        }
    }

    /// Makes one call that reads everything; returns what it measured.
    ///
    /// - Throws: ``BenchError`` with one line that says why the target cannot be judged.
    func measure() throws(BenchError) -> BenchPlan.Control {
        let loop = SocketLoop()
        var profile = SteadyClient(call)
        profile.session.streamWindowBytes = 1 << 24
        profile.session.connectionWindowBytes = 1 << 26
        let client = try SocketClient(BenchClient(profile), to: address, on: loop)
        defer { client.end() }
        let began = loop.now
        while client.connectedAt == nil, client.descriptor.number >= 0, loop.now - began < Self.patience, !isStopped() {
            loop.turn(until: loop.now + .milliseconds(50))
        }
        if let error = client.connectError {
            throw BenchError(.couldNotRun, "nothing answers at \(target): \(BenchError.reason(error))")
        }
        guard let connectedAt = client.connectedAt else {
            throw BenchError(.couldNotRun, "\(target) did not accept a connection within 10s")
        }
        var firstDataAt: ContinuousClock.Instant?
        while client.isOpen, !isStopped() {
            loop.turn(until: loop.now + .milliseconds(20))
            let stream = client.recorder.stream(1)
            if stream?.firstDataAt != nil, firstDataAt == nil { firstDataAt = loop.now }
            if stream?.isOver ?? false { break }
            if let firstDataAt, loop.now - firstDataAt >= measuring { break }
            if firstDataAt == nil, loop.now - connectedAt >= Self.patience { break }
        }
        guard !isStopped() else { return BenchPlan.Control() }
        var control = try judge(client, lasted: loop.now - connectedAt)
        // A connection is made in one round trip: SYN, and what acknowledges it.
        control.roundTrip = connectedAt - began
        return control
    }

    private func judge(_ client: SocketClient, lasted: Duration) throws(BenchError) -> BenchPlan.Control {
        guard let stream = client.recorder.stream(1), stream.headersAt != nil, client.recorder.record.isUnderstood
        else {
            throw notHTTP2(client)
        }
        let text = stream.text ?? ""
        let said = text.isEmpty ? "" : ": \(GRPCMessage.printable(text))"
        guard let firstData = stream.firstDataAt, stream.dataBytes > 0 else {
            switch (stream.status, stream.httpStatus) {
            case (12, _):
                throw BenchError(.couldNotRun, "\(target) does not have the method \(call.path) (UNIMPLEMENTED\(said))")
            case (let status?, _):
                throw BenchError(
                    .couldNotRun,
                    status == 0
                        ? "\(call.path) answered without a message: choose a request that gets a stream of messages"
                        : "\(call.path) answered with status \(status)\(said)")
            case (nil, let http?) where http != "200":
                throw BenchError(.couldNotRun, "\(call.path) answered with HTTP status \(GRPCMessage.printable(http))")
            default:
                throw BenchError(
                    .couldNotRun,
                    stream.isOver
                        ? "\(call.path) ended without a message and without a status"
                        : "\(call.path) sent no message within 10s")
            }
        }
        if let status = stream.status, status != 0 {
            throw BenchError(.couldNotRun, "\(call.path) ended with status \(status)\(said)")
        }
        if let code = stream.reset, code != 0 {
            throw BenchError(.couldNotRun, "\(call.path) was reset with code \(code) although everything was read")
        }
        let seconds = max(0.001, ((stream.lastDataAt ?? lasted) - stream.beganAt) / .seconds(1))
        return BenchPlan.Control(
            responseBytes: stream.isOver ? stream.dataBytes : nil, largestMessageBytes: stream.largestMessageBytes,
            bytesPerSecond: Double(stream.dataBytes) / seconds, firstDataAfter: firstData - stream.beganAt)
    }

    private func notHTTP2(_ client: SocketClient) -> BenchError {
        let record = client.recorder.record
        if let goAway = record.goAway, record.isUnderstood {
            return BenchError(
                .couldNotRun, "\(target) sent the client away (GOAWAY \(goAway.code) \(goAway.text)) before it answered"
            )
        }
        let start = client.firstBytes.prefix(40)
        if start.starts(with: Array("HTTP/1".utf8)) {
            return BenchError(.couldNotRun, "\(target) speaks HTTP/1 and not HTTP/2")
        }
        // A TLS alert begins with 0x15, a handshake with 0x16, both in version 3.
        if let first = start.first, first == 0x15 || first == 0x16, start.dropFirst().first == 3 {
            return BenchError(.couldNotRun, "\(target) speaks TLS; plaintext HTTP/2 is needed")
        }
        guard !start.isEmpty else {
            return BenchError(
                .couldNotRun,
                record.closedAt != nil
                    ? "\(target) closed the connection without an answer: it does not speak plaintext HTTP/2"
                    : "\(target) did not answer within 10s: it does not speak plaintext HTTP/2")
        }
        if record.isUnderstood, let code = client.recorder.stream(1)?.reset {
            return BenchError(.couldNotRun, "\(call.path) was reset with code \(code) before it was answered")
        }
        if record.isUnderstood, record.closedAt != nil {
            return BenchError(.couldNotRun, "\(target) closed the connection before it answered \(call.path)")
        }
        guard !record.isUnderstood else {
            return BenchError(.couldNotRun, "\(call.path) was not answered within 10s")
        }
        return BenchError(.couldNotRun, "\(target) does not speak HTTP/2: it sent something else")
    }
}
