// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirInterop
import WeirRPC
import WeirServer
import WeirTesting

@Suite("Backpressure in both directions")
struct RequestBackpressureTests {
    private let clock = VirtualClock()
    /// A stream's receive window until a fast client makes it grow.
    private static let windowBytes = 64 * 1_024

    /// A client that sends `count` notes of `bytes` bytes as fast as it may; `.max`: for ever.
    private func upload(
        _ count: Int, to method: MethodDescriptor = StreamService.record, bytes: Int, concurrency: Int = 1,
        pace: UploadClient.Pace = .atOnce
    ) -> UploadClient {
        UploadClient(ClientCall(method), concurrency: concurrency, pace: pace) { number in
            number < count ? Note(number, bytes: bytes).encoded : nil
        }
    }

    @Test("a handler that does not read stops its client within one window, and gets everything later")
    func notRead() throws {
        var service = StreamService()
        let clock = clock
        service.record = { requests, _ in
            try await clock.sleep(for: .seconds(600))
            var numbers: [Int] = []
            for try await note in requests { numbers.append(note.number) }
            return Note(numbers == Array(0..<1_000) ? "all" : "\(numbers.count)")
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let recorder = ClientRecorder()
        let client = simulation.connect(upload(1_000, bytes: 1_000), recorder: recorder)

        try simulation.run(for: .seconds(1))
        let sent = recorder.record.sentBytes
        #expect(sent > Self.windowBytes)
        #expect(sent < Self.windowBytes + 1_000)
        #expect(simulation.server.snapshot.receivedBytes == Self.windowBytes)

        try simulation.run(for: .seconds(598))
        // PING and its answer are all that moves.
        #expect(recorder.record.sentBytes - sent < 200)
        #expect(simulation.server.snapshot.receivedBytes == Self.windowBytes)
        #expect(client.response.order == "")

        try simulation.run(for: .seconds(10))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["all"])
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(try simulation.shutDown())
        #expect(simulation.server.receiveBudgetBytes == 0)
    }

    @Test("a handler that reads now and then sets its client's pace, and never holds more than a window")
    func readSlowly() throws {
        let read = Shared(0)
        var service = StreamService()
        let clock = clock
        service.record = { requests, _ in
            for try await note in requests {
                #expect(note.number == read.value)
                read.update { $0 += 1 }
                try await clock.sleep(for: .seconds(1))
            }
            return Note()
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let recorder = ClientRecorder()
        simulation.connect(upload(.max, bytes: 10_000), recorder: recorder)
        var peak = 0
        for _ in 0..<1_000 {
            try simulation.run(for: .seconds(1))
            peak = max(peak, simulation.server.snapshot.receivedBytes)
        }
        #expect(read.value > 990 && read.value < 1_010)
        // Everything sent was read, or lies in the window.
        #expect(recorder.record.sentBytes < read.value * 10_000 + 2 * Self.windowBytes)
        #expect(peak <= Self.windowBytes)
        #expect(try simulation.shutDown())
        #expect(simulation.server.receiveBudgetBytes == 0)
    }

    @Test("calls on the same connection go on while one handler does not read")
    func siblings() throws {
        let calls = Shared(0)
        let read = Shared(0)
        var service = StreamService()
        let clock = clock
        service.record = { requests, _ in
            if calls.update({ count in
                count += 1; return count
            }) == 1 {
                try await clock.sleep(for: .seconds(3_600))
            }
            for try await _ in requests { read.update { $0 += 1 } }
            return Note()
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(upload(2_000, bytes: 10_000, concurrency: 4))
        try simulation.run(for: .seconds(60))
        #expect(read.value == 6_000)
        #expect(client.peer[1].order == "")
        for stream in [3, 5, 7] as [Int32] { #expect(client.peer[stream].statusCode == .ok) }
        #expect(simulation.server.snapshot.receivedBytes > 0)
        #expect(try simulation.shutDown())
        #expect(simulation.server.receiveBudgetBytes == 0)
    }

    @Test("ping-pong: each message is answered before the next one is sent")
    func pingPong() throws {
        let simulation = try Simulation(clock: clock, services: [StreamService()])
        let client = simulation.connect(upload(1_000, to: StreamService.chat, bytes: 100, pace: .afterReply))
        try simulation.run(for: .seconds(60))
        #expect(try client.response.messages(of: Note.self).map(\.number) == Array(0..<1_000))
        #expect(client.response.statusCode == .ok)
        // 1 ms each way and nothing waits for anything else.
        #expect(client.results.first.map { $0.endedAt.sinceStart < .seconds(2.5) } == true)
    }

    @Test("an echo whose client does not read its answers stops reading, and stalls by the send side's rules")
    func echoNotRead() throws {
        let simulation = try Simulation(clock: clock, services: [StreamService()])
        var profile = upload(.max, to: StreamService.chat, bytes: 1_000)
        profile.session.streamWindowBytes = 0
        let client = simulation.connect(profile)
        try simulation.run(for: .seconds(59))
        #expect(simulation.server.snapshot.receivedBytes <= Self.windowBytes)
        #expect(simulation.server.snapshot.heldBytes < 2_000)
        #expect(simulation.server.snapshot.suspendedSenders == 1)
        try simulation.run(for: .seconds(2))
        #expect(client.response.statusCode == .resourceExhausted)
        #expect(client.response.reset == 0)
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(try simulation.shutDown())
    }

    @Test("a handler reads in one task and writes in another, each at its own pace")
    func bothAtOnce() throws {
        let read = Shared(0)
        var service = StreamService()
        let clock = clock
        service.chat = { requests, stream, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await _ in requests { read.update { $0 += 1 } }
                }
                group.addTask {
                    for number in 0..<100 {
                        try await stream.send(Note(number, bytes: 50_000))
                        try await clock.sleep(for: .milliseconds(100))
                    }
                }
                try await group.waitForAll()
            }
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(
            upload(2_000, to: StreamService.chat, bytes: 5_000, pace: .every(.milliseconds(5))))
        try simulation.run(for: .seconds(30))
        #expect(read.value == 2_000)
        #expect(try client.response.messages(of: Note.self).map(\.number) == Array(0..<100))
        #expect(client.response.statusCode == .ok)
        #expect(try simulation.shutDown())
    }

    @Test(
        "whatever handlers and clients do, messages keep their order and nothing is left",
        arguments: 1...8 as ClosedRange<UInt64>)
    func nothingIsLeft(seed: UInt64) throws {
        let calls = Shared(0)
        let finished = Shared(0)
        var service = StreamService()
        let clock = clock
        let seeds = SeededGenerator(seed: seed)
        service.chat = { requests, stream, _ in
            var chance = seeds.split(
                calls.update { count in
                    count += 1; return count
                })
            let sends = Bool.random(using: &chance)
            let most = Bool.random(using: &chance) ? Int.max : Int.random(in: 0..<60, using: &chance)
            var expected = 0
            for try await note in requests {
                #expect(note.number == expected)
                expected += 1
                if expected == most { return }
                if Int.random(in: 0..<4, using: &chance) == 0 {
                    try await clock.sleep(for: .milliseconds(Int.random(in: 1..<300, using: &chance)))
                }
                if sends { try await stream.send(note) }
            }
            finished.update { $0 += 1 }
        }
        var configuration = ServerConfiguration()
        configuration.stallDeadline = .seconds(5)
        configuration.processReceiveBudgetBytes = 8 << 20
        let simulation = try Simulation(seed: seed, clock: clock, configuration: configuration, services: [service])
        for number in 0..<6 {
            var chance = simulation.generator(number)
            let sizes = (0..<80).map { _ in
                Int.random(in: 4...(Int.random(in: 0..<5, using: &chance) == 0 ? 90_000 : 600), using: &chance)
            }
            let delays: [Duration?] = [.zero, .seconds(3), nil]
            var profile = UploadClient(
                ClientCall(StreamService.chat), concurrency: 3,
                pace: [.atOnce, .every(.milliseconds(20)), .atOnce][number % 3], halfCloseDelay: delays[number / 2]
            ) { index in sizes.indices.contains(index) ? Note(index, bytes: sizes[index]).encoded : nil }
            if number == 5 { profile.session.streamWindowBytes = 20_000 }
            simulation.connect(profile)
        }
        for _ in 0..<600 {
            try simulation.run(for: .milliseconds(100))
            #expect(simulation.server.receiveBudgetBytes <= configuration.processReceiveBudgetBytes)
            #expect(simulation.server.snapshot.receivedBytes <= configuration.processReceiveBudgetBytes)
        }
        #expect(calls.value == 18)
        #expect(finished.value > 0)
        #expect(try simulation.shutDown())
        #expect(simulation.server.snapshot == ServerSnapshot())
        #expect(simulation.server.receiveBudgetBytes == 0)
    }
}
