// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirTesting

/// One profile against the target, from its first connection to the last look at the server.
final class ProfileRun {
    private let profile: any BenchProfile
    private let plan: BenchPlan
    private let address: SocketAddress
    private let canary: Canary
    private let process: ProcessProbe?
    /// The part of a core that the server took for the canary alone.
    private let processorShareAlone: Double
    private let isStopped: () -> Bool
    private let loop: SocketLoop
    private var clients: [SocketClient] = []
    private var startedAfter: [Duration] = []
    private var refusals = 0
    private var seen = BenchObservation()
    private var tally = CanaryTally()

    /// Most samples of a profile; the time between two follows from it.
    static let mostSamples = 1_200
    /// How long a profile runs at least: for some calls of the canary.
    static let shortest = Duration.seconds(1)
    /// How long the server has to let go of what it held before its memory is looked at again.
    static let settling = Duration.milliseconds(500)
    /// How long the server has to answer when it is asked whether it still has a connection.
    static let answering = Duration.milliseconds(700)

    init(
        _ profile: any BenchProfile, _ plan: BenchPlan, to address: SocketAddress, canary: Canary,
        canaryAlone: BenchObservation.Canary, process: ProcessProbe?, processorShareAlone: Double,
        isStopped: @escaping () -> Bool
    ) throws(BenchError) {
        self.profile = profile
        self.plan = plan
        self.address = address
        self.canary = canary
        self.process = process
        self.processorShareAlone = processorShareAlone
        self.isStopped = isStopped
        loop = SocketLoop()
        seen.canaryAlone = canaryAlone
    }

    /// Runs it; blocks.
    func run(_ sampled: (BenchObservation.Sample) -> Void) throws(BenchError) -> ProfileResult {
        _ = canary.take()
        let processorBefore = process?.processorTime
        var numbers = process.flatMap { probe in probe.residentBytes.map { (probe, $0) } }.map { _, resident in
            var numbers = BenchObservation.Process()
            numbers.residentBytesBefore = resident
            numbers.residentBytesPeak = resident
            numbers.processorShareAlone = processorShareAlone
            return numbers
        }
        let began = loop.now
        let planned = profile.clients(plan)
        for client in planned { connect(client, began) }
        let watches = profile.watches(plan)
        let interval = max(.milliseconds(50), watches / Self.mostSamples)
        var nextSample = began
        while !isStopped() {
            // Short enough to notice soon that it is to stop.
            loop.turn(until: min(nextSample, began + watches, loop.now + .milliseconds(50)))
            let elapsed = loop.now - began
            if loop.now >= nextSample {
                let sample = sample(at: elapsed, processorBefore)
                if let resident = sample.residentBytes, let peak = numbers?.residentBytesPeak {
                    numbers?.residentBytesPeak = max(peak, resident)
                }
                seen.samples.append(sample)
                sampled(sample)
                nextSample = loop.now + interval
            }
            if elapsed >= watches { break }
            if elapsed >= Self.shortest, refusals == 0, clients.count == planned.count,
                profile.isDone(clients.map(\.recorder.record), after: elapsed, plan)
            {
                break
            }
        }
        seen.elapsed = loop.now - began
        seen.samples.append(sample(at: seen.elapsed, processorBefore))
        seen.connections = clients.map(\.recorder.record)
        if let processorBefore, let process {
            numbers?.processorTime = (process.processorTime ?? processorBefore) - processorBefore
        }
        seen.canary = tally.result
        askWhoIsThere()
        loop.cancelTimers()
        for client in clients { client.end() }
        settle()
        if let process {
            numbers?.isAlive = process.residentBytes != nil
            numbers?.residentBytesAfter = process.residentBytes ?? 0
        }
        seen.process = numbers
        return result()
    }

    private func connect(_ client: BenchClient, _ began: ContinuousClock.Instant) {
        guard client.connectsAfter <= .zero else {
            loop.after(client.connectsAfter) { [weak self] in
                var now = client
                now.connectsAfter = .zero
                self?.connect(now, began)
            }
            return
        }
        guard let client = try? SocketClient(client, to: address, on: loop) else {
            refusals += 1
            return
        }
        clients.append(client)
        startedAfter.append(loop.now - began)
    }

    private func sample(at elapsed: Duration, _ processorBefore: Duration?) -> BenchObservation.Sample {
        var sample = BenchObservation.Sample()
        sample.at = elapsed
        for client in clients {
            let record = client.recorder.record
            sample.dataBytes += record.dataBytes
            sample.openStreams += record.openStreams
            if record.isOpen, client.isOpen, sample.connectionWindowBytes == nil {
                sample.connectionWindowBytes = record.windowBytes
                sample.streamWindowBytes = record.streams.first { !$0.isOver }?.windowBytes
            }
        }
        sample.canaryLatency = tally.add(canary.take())
        if let process {
            sample.residentBytes = process.residentBytes
            if let processorBefore { sample.processorTime = process.processorTime.map { $0 - processorBefore } }
        }
        return sample
    }

    /// Asks the server on connections whose clients do not read or had vanished: they could not see that it closed them.
    private func askWhoIsThere() {
        let asked = clients.enumerated().filter { $0.element.cannotSeeTheEnd }
        guard !asked.isEmpty, !isStopped() else { return }
        for (_, client) in asked { client.probe() }
        let end = loop.now + Self.answering
        while loop.now < end, !isStopped(), asked.contains(where: { $0.element.serverClosed == nil }) {
            loop.turn(until: min(end, loop.now + .milliseconds(50)))
        }
        // A kernel that no longer has the connection says so at once, with a reset; one that does may take long to answer, for
        // what it repeats to who had vanished stands in front of the answer.
        for (index, client) in asked { seen.connections[index].serverClosed = client.serverClosed ?? false }
    }

    private func settle() {
        let end = loop.now + Self.settling
        while loop.now < end, !isStopped() { loop.turn(until: min(end, loop.now + .milliseconds(50))) }
    }

    private func result() -> ProfileResult {
        var judgement = profile.judge(seen, plan)
        if refusals > 0 { judgement.find(.inconclusive, "\(refusals) sockets could not be opened on this machine") }
        if isStopped() { judgement.find(.inconclusive, "interrupted before its end") }
        return ProfileResult(profile, judgement, seen, startedAfter)
    }
}
