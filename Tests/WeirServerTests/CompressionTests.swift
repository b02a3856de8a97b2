// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

@Suite("Compressed messages on calls")
struct CompressionTests {
    private let clock = VirtualClock()

    private static let all = ("grpc-accept-encoding", "identity, deflate, gzip")

    private static func compress(_ bytes: [UInt8], _ algorithm: CompressionAlgorithm) throws -> [UInt8] {
        let deflater = try #require(Deflater(algorithm))
        deflater.begin(into: ByteBuffer())
        bytes.withUnsafeBytes { deflater.add($0) }
        return try Array(deflater.finish().readableBytesView)
    }

    /// DATA with a message marked as compressed.
    private static func marked(_ payload: [UInt8], stream: Int32 = 1, ends: Bool = true) -> RawFrame {
        .data([1] + RawFrame.bigEndian(UInt32(payload.count)) + payload, stream: stream, ends: ends)
    }

    /// The messages of a response: whether each was compressed, and its note.
    private func notes(
        _ response: RawPeer.Response, _ algorithm: CompressionAlgorithm = .gzip
    ) throws -> [(isCompressed: Bool, note: Note)] {
        let inflater = try #require(Inflater())
        var position = 0
        #expect(response.messages.rest == 0)
        return try response.messages.sizes.map { size in
            let flag = response.data[position]
            let payload = ByteBuffer(bytes: response.data[(position + 5)..<(position + 5 + size)])
            position += 5 + size
            #expect(flag <= 1)
            let bytes = flag == 1 ? try inflater.inflate(payload, algorithm, limit: 1 << 24) : payload
            return (flag == 1, try Note(serialized: bytes))
        }
    }

    private func run(
        _ frames: [RawFrame], service: StreamService = StreamService(), for duration: Duration = .seconds(1),
        configuration: ServerConfiguration = ServerConfiguration()
    ) throws -> RawPeer.Response {
        let simulation = try Simulation(clock: clock, configuration: configuration, services: [service])
        let client = simulation.connect(ScriptClient(frames))
        try simulation.run(for: duration)
        #expect(simulation.server.snapshot.streams == 0)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        let response = client.response
        #expect(try simulation.shutDown())
        #expect(simulation.server.budgetBytes == 0)
        #expect(simulation.server.receiveBudgetBytes == 0)
        return response
    }

    // MARK: - Requests

    @Test(
        "a compressed request is taken, by methods of every kind",
        arguments: [StreamService.ask, StreamService.watch, StreamService.chat, StreamService.record],
        [CompressionAlgorithm.gzip, .deflate])
    func request(method: MethodDescriptor, algorithm: CompressionAlgorithm) throws {
        let message = try Self.compress(Note(String(repeating: "weir ", count: 50)).encoded, algorithm)
        let response = try run([.call(method.path, [("grpc-encoding", algorithm.rawValue)]), Self.marked(message)])
        #expect(response.statusCode == .ok)
        let echo = method == StreamService.record ? "1" : String(repeating: "weir ", count: 50)
        #expect(try response.messages(of: Note.self).map(\.text) == [echo])
        #expect(response.sections.first?["grpc-accept-encoding"] == "identity,deflate,gzip")
        #expect(response.sections.first?["grpc-encoding"] == nil)
    }

    @Test("the flag counts for each message by itself, and a handler can ask for it")
    func perMessage() throws {
        var service = StreamService()
        service.chat = { requests, stream, context in
            for try await note in requests {
                try await stream.send(Note("\(note.text) \(await context.requestWasCompressed)"))
            }
        }
        let response = try run(
            [
                .call(StreamService.chat.path, [("grpc-encoding", "gzip")]), .note("a"),
                Self.marked(try Self.compress(Note("b").encoded, .gzip), ends: false), .note("c"),
                Self.marked(try Self.compress(Note("d").encoded, .gzip)),
            ], service: service)
        #expect(
            try response.messages(of: Note.self).map(\.text) == ["a false", "b true", "c false", "d true"])
    }

    @Test(
        "a message marked as compressed where the request names no encoding is INTERNAL",
        arguments: [[], [("grpc-encoding", "identity")]] as [[(String, String)]],
        [StreamService.ask, StreamService.chat])
    func markedWithoutEncoding(fields: [(String, String)], method: MethodDescriptor) throws {
        let message = try Self.compress(Note("x").encoded, .gzip)
        let response = try run([.call(method.path, fields), Self.marked(message)])
        #expect(response.statusCode == .internalError)
    }

    @Test(
        "an encoding that is not known is UNIMPLEMENTED and answered with those that are, whatever the messages say",
        arguments: ["br", "", "GZIP", "gzip,deflate", "snappy"])
    func unknownEncoding(name: String) throws {
        for marks in [true, false] {
            let message = Note("x").encoded
            let response = try run([
                .call(StreamService.ask.path, [("grpc-encoding", name)]),
                marks ? Self.marked(message) : .message(message, stream: 1),
            ])
            #expect(response.statusCode == .unimplemented)
            #expect(response.sections.count == 1)
            #expect(response.sections[0]["grpc-accept-encoding"] == "identity,deflate,gzip")
        }
    }

    @Test(
        "what is not the encoding from its first to its last byte is INTERNAL",
        arguments: [StreamService.ask, StreamService.watch, StreamService.chat, StreamService.record])
    func corrupt(method: MethodDescriptor) throws {
        let good = try Self.compress(Note("good").encoded, .gzip)
        var changed = good
        changed[good.count - 6] ^= 1
        for message in [[], [1, 2, 3], Array(good.dropLast()), good + [0], changed, try Self.compress([1], .deflate)] {
            let response = try run([.call(method.path, [("grpc-encoding", "gzip")]), Self.marked(message)])
            #expect(response.statusCode == .internalError)
        }
    }

    @Test(
        "the limit holds for the message once it is decompressed: at the limit it is taken, past it RESOURCE_EXHAUSTED",
        arguments: [StreamService.ask, StreamService.record], [0, 1, 1 << 20])
    func limit(method: MethodDescriptor, beyond: Int) throws {
        var configuration = ServerConfiguration()
        // A payload of that many bytes has three bytes of tag and length in front.
        configuration.maximumRequestBytes = 7_000 + 3
        let note = Note(1, bytes: 7_000 + beyond)
        let message = try Self.compress(note.encoded, .deflate)
        #expect(message.count < 16_000)
        let response = try run(
            [.call(method.path, [("grpc-encoding", "deflate")]), Self.marked(message)], configuration: configuration)
        #expect(response.statusCode == (beyond == 0 ? .ok : .resourceExhausted))
    }

    @Test("bombs on many streams at once are all refused, and leave nothing")
    func bombs() throws {
        let bomb = try Self.compress([UInt8](repeating: 0, count: 1 << 20), .gzip)
        var configuration = ServerConfiguration()
        configuration.maximumRequestBytes = 64 * 1024
        let frames = (0..<10 as Range<Int32>).flatMap { number in
            [
                RawFrame.call(StreamService.ask.path, stream: 2 * number + 1, [("grpc-encoding", "gzip")]),
                Self.marked(bomb, stream: 2 * number + 1),
            ]
        }
        let simulation = try Simulation(clock: clock, configuration: configuration, services: [StreamService()])
        let client = simulation.connect(ScriptClient(frames))
        try simulation.run(for: .seconds(1))
        for number in 0..<10 as Range<Int32> {
            #expect(client.peer[2 * number + 1].statusCode == .resourceExhausted)
        }
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(try simulation.shutDown())
    }

    // MARK: - Responses

    private static let long = String(repeating: "the same again, ", count: 100)

    @Test(
        "responses are compressed where the server, the service or the method says so, for clients that take it",
        arguments: [
            ("gzip", nil, "gzip"), ("deflate", nil, "deflate"), ("identity", "gzip", "gzip"), ("gzip", "identity", nil),
            ("identity", nil, nil),
        ] as [(String, String?, String?)])
    func byConfiguration(server: String, method: String?, expected: String?) throws {
        for key in [StreamService.ask.path, StreamService.name.fullyQualifiedName] {
            var configuration = ServerConfiguration()
            configuration.responseCompression = try #require(CompressionAlgorithm(rawValue: server))
            var settings = ServerConfiguration.MethodSettings()
            settings.responseCompression = method.flatMap { CompressionAlgorithm(rawValue: $0) }
            configuration.overrides[key] = settings
            for (list, isListed) in [
                (Self.all.1, true), ("identity", false), (expected == "gzip" ? "deflate" : "gzip", false),
            ] {
                let response = try run(
                    [.call(StreamService.ask.path, [("grpc-accept-encoding", list)]), .note(Self.long, ends: true)],
                    configuration: configuration)
                let named = isListed || expected == nil ? expected : nil
                #expect(response.sections.first?["grpc-encoding"] == named)
                let notes = try notes(response, named == "deflate" ? .deflate : .gzip)
                #expect(notes.map(\.isCompressed) == [named != nil])
                #expect(notes.map(\.note.text) == [Self.long])
            }
        }
    }

    private static let random: Note = {
        var noise = SeededGenerator(seed: 1)
        var note = Note()
        note.body = ByteBuffer(bytes: (0..<900).map { _ in UInt8.random(in: 0...255, using: &noise) })
        return note
    }()

    @Test("short messages, and those that would not get smaller, go as they are; each message may be told otherwise")
    func whatIsCompressed() throws {
        var service = StreamService()
        service.chat = { requests, stream, context in
            #expect(await context.setResponseCompression(.gzip))
            for note in [Note("short"), Self.random, Note(Self.long)] {
                try await stream.send(note)
                try await stream.send(note, compressed: true)
                try await stream.send(note, compressed: false)
                try await stream.send(note, deadline: .seconds(1))
                #expect(stream.trySend(note).isSent)
            }
        }
        let response = try run([.call(StreamService.chat.path, [Self.all]), .halfClose()], service: service)
        let notes = try notes(response)
        let rare = [false, true, false, false, false]
        #expect(notes.map(\.isCompressed) == rare + rare + [true, true, false, true, true])
        let expected = [Note("short"), Self.random, Note(Self.long)].flatMap { [Note](repeating: $0, count: 5) }
        #expect(notes.map(\.note) == expected)
        #expect(response.statusCode == .ok)
    }

    @Test("a call that does not compress sends what should be compressed as it is")
    func notChosen() throws {
        var service = StreamService()
        service.chat = { requests, stream, context in
            try await stream.send(Note(Self.long), compressed: true)
            // Too late, and once more.
            #expect(await !context.setResponseCompression(.gzip))
            try await stream.send(Note(Self.long), compressed: true)
        }
        let response = try run([.call(StreamService.chat.path, [Self.all]), .halfClose()], service: service)
        #expect(try notes(response).map(\.isCompressed) == [false, false])
        #expect(response.sections.first?["grpc-encoding"] == nil)
    }

    @Test("a client that lists no algorithm gets none, whatever the handler chooses")
    func notListed() throws {
        var service = StreamService()
        service.chat = { requests, stream, context in
            #expect(await !context.setResponseCompression(.gzip))
            #expect(await context.setResponseCompression(.identity))
            try await stream.send(Note(Self.long), compressed: true)
        }
        let response = try run([.call(StreamService.chat.path), .halfClose()], service: service)
        #expect(try notes(response).map(\.isCompressed) == [false])
    }

    // MARK: - Backpressure

    /// Messages of which most have to wait: random bytes that are compressed all the same.
    private static func many(_ service: inout StreamService, _ count: Int, bytes: Int) {
        service.chat = { requests, stream, context in
            _ = await context.setResponseCompression(.gzip)
            for number in 0..<count {
                var noise = SeededGenerator(seed: UInt64(number))
                var note = Note()
                note.body = ByteBuffer(bytes: (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &noise) })
                try await stream.send(note, compressed: true)
            }
        }
    }

    @Test(
        "compressed messages wait for a client's windows as others do; with no memory to keep them they are compressed again",
        arguments: [64, 4_096])
    func backpressure(budgetKiB: Int) throws {
        var configuration = ServerConfiguration()
        configuration.streamBufferBytes = 64 * 1024
        configuration.connectionSendBudgetBytes = budgetKiB * 1024
        configuration.processSendBudgetBytes = budgetKiB * 1024
        var service = StreamService()
        Self.many(&service, 20, bytes: 30_000)
        let simulation = try Simulation(clock: clock, configuration: configuration, services: [service])
        var call = ClientCall(StreamService.chat)
        call.fields = [Self.all]
        let client = simulation.connect(SlowReaderClient(call, bytesPerSecond: 20_000))
        try simulation.run(for: .seconds(5))
        #expect(client.response.dataBytes < 200_000)
        #expect(simulation.server.snapshot.suspendedSenders == 1)
        #expect(simulation.server.budgetBytes <= budgetKiB * 1024)
        try simulation.run(for: .seconds(60))
        let notes = try notes(client.response)
        #expect(notes.map(\.isCompressed) == [Bool](repeating: true, count: 20))
        for (number, note) in notes.enumerated() {
            var noise = SeededGenerator(seed: UInt64(number))
            #expect(
                note.note.body.readableBytesView.elementsEqual(
                    (0..<30_000).map { _ in UInt8.random(in: 0...255, using: &noise) }))
        }
        #expect(client.response.statusCode == .ok)
        #expect(simulation.server.peakBudgetBytes <= budgetKiB * 1024)
        #expect(try simulation.shutDown())
        #expect(simulation.server.budgetBytes == 0)
    }

    @Test(
        "a sender that waits with a compressed message is told when its client is gone, and what it kept is given back")
    func cancelledWhileWaiting() throws {
        var service = StreamService()
        Self.many(&service, 20, bytes: 30_000)
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(
            ScriptClient([
                .send(after: .zero, [.call(StreamService.chat.path, [Self.all]), .halfClose()]),
                .send(after: .seconds(2), [.reset(1, code: 8)]),
            ]))
        try simulation.run(for: .seconds(1))
        #expect(simulation.server.snapshot.suspendedSenders == 1)
        #expect(simulation.server.budgetBytes >= 30_000)
        try simulation.run(for: .seconds(2))
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(simulation.server.snapshot.suspendedSenders == 0)
        #expect(client.response.statusCode == nil)
        #expect(try simulation.shutDown())
        #expect(simulation.server.budgetBytes == 0)
    }

    @Test("a deadline of zero does not wait with a compressed message, and nothing of it is sent")
    func noWaiting() throws {
        let sent = Shared(0)
        var service = StreamService()
        service.chat = { requests, stream, context in
            #expect(await context.setResponseCompression(.deflate))
            do {
                for _ in 0..<1_000_000 {
                    try await stream.send(Note(Self.long), deadline: .zero)
                    sent.update { $0 += 1 }
                }
            } catch { #expect(error.sendTimedOut != nil) }
        }
        let response = try run([.call(StreamService.chat.path, [Self.all]), .halfClose()], service: service)
        let notes = try notes(response, .deflate)
        #expect(notes.count == sent.value)
        // What fits into the windows are the compressed bytes: far more than the messages themselves would.
        #expect(notes.count * Self.long.utf8.count > 3 * 65_535)
        #expect(response.statusCode == .ok)
    }
}
