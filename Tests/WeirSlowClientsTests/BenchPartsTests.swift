// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import Testing
import WeirTesting

@testable import WeirSlowClients

@Suite("Parts of the bench")
struct BenchPartsTests {
    @Test("a status text is percent-decoded, and what is encoded wrongly stays as it is")
    func decoded() {
        #expect(GRPCMessage.decoded("no%20bytes%3A 100%25") == "no bytes: 100%")
        #expect(GRPCMessage.decoded("%C3%BCberfall") == "überfall")
        #expect(GRPCMessage.decoded("50% off %zz %4") == "50% off %zz %4")
        #expect(GRPCMessage.decoded("%FF") == "\u{FFFD}")
    }

    @Test("nothing that a server says moves the cursor of a terminal or fills it")
    func printable() {
        #expect(GRPCMessage.printable("a\u{1B}[2Jb\nc\u{202E}d") == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d")
        #expect(GRPCMessage.printable(String(repeating: "x", count: 1_000)).count == 200)
    }

    @Test("only addresses of this machine are loopback")
    func loopback() throws {
        for (address, isLoopback) in [
            ("127.0.0.1", true), ("127.8.9.1", true), ("128.0.0.1", false), ("0.0.0.0", false), ("::1", true),
            ("::2", false),
            ("192.0.2.1", false),
        ] {
            #expect(Preflight.isLoopback(try SocketAddress(ipAddress: address, port: 1)) == isLoopback, "\(address)")
        }
        #expect(throws: BenchError.self) { try Preflight.resolve("192.0.2.1", port: 1, allowsRemote: false) }
        #expect(try Preflight.resolve("192.0.2.1", port: 1, allowsRemote: true).map(\.port) == [1])
    }

    @Test("the addresses of a name are tried in turn")
    func severalAddresses() throws {
        let listener = try Listener()
        let port = try #require(listener.address.port)
        let (deaf, there) = (
            try SocketAddress(ipAddress: "::1", port: port),
            try SocketAddress(ipAddress: "127.0.0.1", port: port)
        )
        #expect(Preflight.reachable([deaf, there], isStopped: { false }) == there)
        #expect(Preflight.reachable([there, deaf], isStopped: { false }) == there)
        #expect(Preflight.reachable([deaf], isStopped: { false }) == deaf, "the control says what is wrong with it")
        #expect(Preflight.reachable([], isStopped: { false }) == nil)
        #expect(HostName.addresses(of: "127.0.0.1", port: 7).map(\.ipAddress) == ["127.0.0.1"])
        #expect(HostName.addresses(of: "localhost", port: 7).contains { $0.ipAddress == "127.0.0.1" })
        #expect(HostName.addresses(of: "no.such.host.invalid", port: 7) == [])
    }

    @Test("a process that does not listen on the port is noticed, and its child that does is named")
    func launcher() throws {
        // Begun before the socket is there, which it would inherit.
        var stranger = pid_t()
        let arguments = [strdup("sleep"), strdup("60"), nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawnp(&stranger, "sleep", nil, nil, arguments, nil) == 0)
        defer {
            kill(stranger, SIGKILL)
            waitpid(stranger, nil, 0)
        }
        let listener = try Listener()
        let port = try #require(listener.address.port)
        let (own, parent) = (getpid(), getppid())
        #expect(ListeningProcess(pid: own, port: port).doubt == nil)
        let doubt = try #require(ListeningProcess(pid: parent, port: port).doubt)
        #expect(doubt.contains("process \(parent) (") && doubt.contains("use --pid \(own)"))
        let other = try #require(ListeningProcess(pid: stranger, port: port).doubt)
        #expect(other.contains("process \(stranger) (sleep)") && other.contains("nor does any that it started"))
        let nobody = try #require(ListeningProcess(pid: own, port: 1).doubt)
        #expect(nobody.contains("nothing listens on port 1"))
    }

    @Test("calls that a slow one kept from being made count as slow")
    func omission() {
        var tally = CanaryTally()
        var reading = CanaryMeter.Reading()
        reading.latencies = [Duration](repeating: .milliseconds(1), count: 90) + [.seconds(1)]
        #expect(tally.add(reading) == .seconds(1))
        let result = tally.result
        #expect(result.calls == 91 && result.longest == .seconds(1))
        #expect(result.median < .milliseconds(2))
        // One of 91 would not reach the 99th percentile; the nine that could not be made do.
        #expect(result.percentile99 > .milliseconds(800))
    }

    @Test("one slow call of few is no percentile, two are")
    func fewCalls() {
        var tally = CanaryTally()
        var reading = CanaryMeter.Reading()
        reading.latencies = [Duration](repeating: .milliseconds(1), count: 18) + [.milliseconds(90)]
        tally.add(reading)
        #expect(tally.result.percentile99 < .milliseconds(2) && tally.result.longest == .milliseconds(90))
        reading.latencies = [.milliseconds(90)]
        tally.add(reading)
        #expect(tally.result.percentile99 > .milliseconds(80))
    }

    @Test("latencies beyond a minute and of nothing are counted, not trapped on")
    func extremes() {
        var tally = CanaryTally()
        var reading = CanaryMeter.Reading()
        reading.latencies = [.zero, .seconds(86_400)]
        reading.failures = 3
        tally.add(reading)
        #expect(tally.result.failures == 3 && tally.result.percentile99 >= .seconds(59))
        #expect(CanaryTally().result == BenchObservation.Canary())
    }

    @Test("a process is seen as long as it is there")
    func process() throws {
        let probe = ProcessProbe(pid: getpid())
        #expect(try #require(probe.residentBytes) > 1 << 20)
        #expect(try #require(probe.processorTime) > .zero)
        #expect(ProcessProbe(pid: Int32.max).residentBytes == nil)
        #expect(ProcessProbe(pid: Int32.max).processorTime == nil)
    }

    @Test("a process that is over and that nobody has asked how it ended is gone")
    func overAndUnasked() {
        var child = pid_t()
        var arguments = [strdup("true"), nil]
        defer { free(arguments[0]) }
        #expect(posix_spawnp(&child, "true", nil, nil, &arguments, environ) == 0)
        // Waits for its end, and leaves it as it is.
        var info = siginfo_t()
        #expect(waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) == 0)
        #expect(ProcessProbe(pid: child).residentBytes == nil)
        var status: Int32 = 0
        #expect(waitpid(child, &status, 0) == child)
    }

    @Test("options out of range are refused with what is wrong")
    func options() {
        let plan = BenchPlan(call: ClientCall(path: "/a/B"))
        func problem(_ change: (inout BenchOptions) -> Void) -> String? {
            var options = BenchOptions(host: "::1", port: 1, plan: plan, profiles: BenchProfiles.all)
            change(&options)
            return options.problem
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.port = 0 } != nil)
        #expect(problem { $0.profiles = [] } != nil)
        #expect(problem { $0.plan.streams = 10_001 } != nil)
        #expect(problem { $0.plan.streams = .max } != nil)
        #expect(
            problem {
                $0.plan.streams = 101
                $0.plan.connections = 100
            } != nil)
        #expect(problem { $0.plan.stallDeadline = .milliseconds(99) } != nil)
        #expect(problem { $0.plan.duration = .seconds(3_601) } != nil)
        #expect(problem { $0.pid = 0 } != nil)
        #expect(problem { $0.plan.streams = 10_000 } == nil)
        #expect(
            problem {
                $0.plan.streams = 10_000
                $0.plan.call.message = [UInt8](repeating: 0, count: 65_530)
            } != nil)
    }
}
