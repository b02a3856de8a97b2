// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import WeirTesting

/// Puts a gRPC server to slow and hostile clients, one kind after the other, and says what it made of them.
///
/// Nothing depends on what the server is written in. Clients open plaintext HTTP/2 connections with prior knowledge.
public final class SlowClientBench: Sendable {
    private let options: BenchOptions
    private let isStopped = Atomic(false)

    /// How long the canary is measured by itself, and the method by a control: the profiles' duration, up to two seconds.
    private var measuring: Duration { min(.seconds(2), options.plan.duration) }

    /// Makes a bench; nothing is connected yet.
    public init(_ options: BenchOptions) {
        self.options = options
    }

    /// Ends soon what is running, on any thread; ``run(_:)`` returns what was found out until then.
    public func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Runs all profiles.
    ///
    /// Suspends until they are over; the work is done on threads of its own. Cancelling the task does what ``stop()`` does.
    ///
    /// - Parameter progress: told how far it is, on one of those threads.
    /// - Throws: ``BenchError`` when the options make no sense or the target cannot be judged.
    public func run(_ progress: @escaping @Sendable (BenchProgress) -> Void) async throws -> BenchReport {
        if let problem = options.problem { throw BenchError(.usage, problem) }
        let addresses = try Preflight.resolve(options.host, port: options.port, allowsRemote: options.allowsRemote)
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        let reachable = try? await pool.runIfActive {
            Preflight.reachable(addresses, isStopped: { self.hasStopped })
        }
        guard let address = reachable ?? addresses.first else { throw BenchError(.couldNotRun, "there is no address") }
        let canary = Canary()
        let result: Result<BenchReport, any Error>
        do {
            let call = options.plan.call
            async let canaryRun: Void = pool.runIfActive { canary.run(call, to: address) }
            result = await withTaskCancellationHandler {
                do {
                    return .success(
                        try await pool.runIfActive { try self.runAll(address, addresses, canary, progress) })
                } catch {
                    return .failure(error)
                }
            } onCancel: {
                stop()
            }
            canary.stop()
            try? await canaryRun
        }
        try? await pool.shutdownGracefully()
        return try result.get()
    }

    private var target: String {
        options.host.contains(":") ? "[\(options.host)]:\(options.port)" : "\(options.host):\(options.port)"
    }

    /// The target, with its addresses if there are several.
    private func tried(_ addresses: [SocketAddress]) -> String {
        addresses.count < 2
            ? target : "\(target) (\(addresses.map { $0.ipAddress ?? "\($0)" }.joined(separator: ", ")))"
    }

    private var hasStopped: Bool { isStopped.load(ordering: .relaxed) }

    private func runAll(
        _ address: SocketAddress, _ addresses: [SocketAddress], _ canary: Canary, _ progress: (BenchProgress) -> Void
    ) throws(BenchError) -> BenchReport {
        let began = ContinuousClock.now
        let process = try watchedProcess()
        if let warning = process?.doubt(port: options.port) { progress(.warning(warning)) }
        progress(.measuring(measuring * 2))
        let preflight = Preflight(
            address: address, target: tried(addresses), call: options.plan.call, measuring: measuring,
            isStopped: { self.hasStopped })
        var plan = options.plan
        plan.control = try preflight.measure()
        let processorBefore = process?.processorTime
        let aloneBegan = ContinuousClock.now
        var alone = try measureAlone(canary)
        // Of a method that begins late the canary has hardly finished a call by now; what the control saw is what to expect.
        alone.percentile99 = max(alone.percentile99, plan.control.firstDataAfter)
        var shareAlone = 0.0
        if let processorBefore, let after = process?.processorTime {
            shareAlone = max(0, (after - processorBefore) / (ContinuousClock.now - aloneBegan))
        }
        var report = BenchReport(
            label: options.label ?? target, target: target, method: plan.call.path, began: Self.timestamp(), seconds: 0,
            isComplete: false,
            settings: BenchReport.Settings(
                stallDeadlineSeconds: plan.stallDeadline / .seconds(1), durationSeconds: plan.duration / .seconds(1),
                streams: plan.streams, connections: plan.connections, pid: options.pid.map { Int($0) }),
            control: ControlResult(plan.control), canaryAlone: CanaryResult(alone), summary: BenchReport.Summary(),
            profiles: [])
        for (place, profile) in options.profiles.enumerated() where !hasStopped {
            progress(
                .began(
                    name: profile.name, place: place + 1, of: options.profiles.count, atMost: profile.watches(plan)))
            let run = try ProfileRun(
                profile, plan, to: address, canary: canary, canaryAlone: alone, process: process,
                processorShareAlone: shareAlone, isStopped: { self.hasStopped })
            let result = try run.run { progress(.sample(name: profile.name, $0)) }
            report.add(result)
            progress(.ended(result))
        }
        report.isComplete = !hasStopped && report.profiles.count == options.profiles.count
        report.seconds = (ContinuousClock.now - began) / .seconds(1)
        return report
    }

    private func watchedProcess() throws(BenchError) -> ProcessProbe? {
        guard let pid = options.pid else { return nil }
        let probe = ProcessProbe(pid: pid)
        guard probe.residentBytes != nil else {
            throw BenchError(.usage, "there is no process \(pid) whose memory could be watched")
        }
        return probe
    }

    private func measureAlone(_ canary: Canary) throws(BenchError) -> BenchObservation.Canary {
        _ = canary.take()
        var tally = CanaryTally()
        let end = ContinuousClock.now + measuring
        while ContinuousClock.now < end, !hasStopped { usleep(20_000) }
        tally.add(canary.take())
        return tally.result
    }

    /// Now, in UTC, as RFC 3339 writes it.
    private static func timestamp() -> String {
        var seconds = time(nil)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let length = unsafe strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension BenchReport {
    mutating func add(_ result: ProfileResult) {
        profiles.append(result)
        switch result.verdict {
        case .pass: summary.pass += 1
        case .weak: summary.weak += 1
        case .fail: summary.fail += 1
        case .inconclusive: summary.inconclusive += 1
        }
    }
}

extension ControlResult {
    init(_ control: BenchPlan.Control) {
        self.init(
            responseBytes: control.responseBytes, largestMessageBytes: control.largestMessageBytes,
            bytesPerSecond: control.bytesPerSecond, firstDataSeconds: control.firstDataAfter / .seconds(1))
    }
}
