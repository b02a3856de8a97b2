// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirRPC
import WeirServer
import WeirTesting

@Suite("Streams of requests")
struct RequestStreamTests {
    private let clock = VirtualClock()
    private var service = StreamService()

    private func simulation(_ service: StreamService) throws -> Simulation {
        try Simulation(clock: clock, services: [service])
    }

    private func upload(_ texts: [String], halfCloseDelay: Duration? = .zero) -> UploadClient {
        UploadClient(
            ClientCall(StreamService.record), messages: texts.map { Note($0).encoded }, halfCloseDelay: halfCloseDelay)
    }

    @Test("the handler gets every message, in order, then the end, and answers once")
    func inOrder() throws {
        var service = StreamService()
        service.record = { requests, _ in
            var texts: [String] = []
            for try await note in requests { texts.append(note.text) }
            return Note(texts.joined(separator: " "))
        }
        let simulation = try simulation(service)
        let client = simulation.connect(upload(["one", "two", "", "three"]))
        try simulation.run(for: .seconds(1))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["one two  three"])
        #expect(client.response.statusCode == .ok)
        #expect(client.response.order == "HDH")
        #expect(client.response.reset == nil)
        #expect(try simulation.shutDown())
    }

    @Test("a stream of no messages is at its end at once, whether DATA or HEADERS end it")
    func empty() throws {
        for frames in [
            [RawFrame.call(StreamService.record.path), .halfClose()],
            [RawFrame(kind: .headers, flags: 5, stream: 1, payload: RawFrame.call(StreamService.record.path).payload)],
        ] {
            let simulation = try simulation(service)
            let client = simulation.connect(ScriptClient(frames))
            try simulation.run(for: .seconds(1))
            #expect(try client.response.messages(of: Note.self).map(\.text) == ["0"])
            #expect(client.response.statusCode == .ok)
            #expect(try simulation.shutDown())
        }
    }

    @Test("a bidirectional call without a message either way has both field sections and is OK")
    func emptyBothWays() throws {
        let simulation = try simulation(service)
        let client = simulation.connect(ScriptClient([.call(StreamService.chat.path), .halfClose()]))
        try simulation.run(for: .seconds(1))
        #expect(client.response.order == "HH")
        #expect(client.response.statusCode == .ok)
    }

    @Test("the handler is there from the first header field on, and waits for the half-close")
    func lateHalfClose() throws {
        let simulation = try simulation(service)
        let client = simulation.connect(upload(["one"], halfCloseDelay: .seconds(300)))
        try simulation.run(for: .seconds(299))
        #expect(simulation.server.snapshot.handlers == 1)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(client.response.order == "")
        try simulation.run(for: .seconds(2))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["1"])
        #expect(client.response.statusCode == .ok)
    }

    @Test("after the end there are no more messages, and a new iterator goes on where the last one stood")
    func iterators() throws {
        var service = StreamService()
        service.record = { requests, _ in
            var texts: [String?] = []
            for try await note in requests {
                texts.append(note.text)
                if texts.count == 2 { break }
            }
            var iterator = requests.makeAsyncIterator()
            for _ in 0..<4 { texts.append(try await iterator.next()?.text) }
            return Note(texts.map { $0 ?? "nil" }.joined(separator: " "))
        }
        let simulation = try simulation(service)
        let client = simulation.connect(upload(["1", "2", "3", "4"]))
        try simulation.run(for: .seconds(1))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["1 2 3 4 nil nil"])
    }

    @Test("a message that is larger than the windows arrives whole", arguments: [65_531, 65_532, 1_000_000, 4_000_000])
    func large(bytes: Int) throws {
        var service = StreamService()
        service.record = { requests, _ in
            var sizes: [String] = []
            for try await note in requests { sizes.append("\(note.number):\(note.body.readableBytes)") }
            return Note(sizes.joined(separator: " "))
        }
        let simulation = try simulation(service)
        let client = simulation.connect(
            UploadClient(
                ClientCall(StreamService.record), messages: [1, 2, 3].map { Note($0, bytes: bytes).encoded }))
        try simulation.run(for: .seconds(60))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["1:\(bytes) 2:\(bytes) 3:\(bytes)"])
        #expect(try simulation.shutDown())
        #expect(simulation.server.receiveBudgetBytes == 0)
    }

    @Test("many messages in one frame, and one message in frames of a byte, are the same stream")
    func pieces() throws {
        let bytes = RawFrame.note("one").payload + RawFrame.note("two").payload + RawFrame.note("three").payload
        for frames in [[RawFrame.data(bytes, stream: 1)], bytes.map { RawFrame.data([$0], stream: 1) }] {
            let simulation = try simulation(service)
            let client = simulation.connect(
                ScriptClient([.call(StreamService.chat.path)] + frames + [.halfClose()]))
            try simulation.run(for: .seconds(1))
            #expect(try client.response.messages(of: Note.self).map(\.text) == ["one", "two", "three"])
            #expect(client.response.statusCode == .ok)
        }
    }

    @Test(
        "a method of one request takes exactly one message",
        arguments: [StreamService.ask, StreamService.watch])
    func cardinality(method: MethodDescriptor) throws {
        let cases: [(frames: [RawFrame], status: StatusCode)] = [
            ([.note("one"), .note("two", ends: true)], .unimplemented),
            ([.halfClose()], .unimplemented),
            ([.note("one", ends: true)], .ok),
            ([.note("one"), .halfClose()], .ok),
        ]
        for (frames, status) in cases {
            let simulation = try simulation(service)
            let client = simulation.connect(ScriptClient([.call(method.path)] + frames))
            try simulation.run(for: .seconds(1))
            #expect(client.response.statusCode == status)
            #expect(try simulation.shutDown())
        }
    }

    @Test("a stream of requests is a sequence as any other: sent back as it is, and mapped")
    func sequences() throws {
        var service = StreamService()
        service.chat = { requests, stream, _ in
            try await stream.send(contentsOf: requests.prefix(2))
            try await stream.send(contentsOf: requests.map { Note($0.text.uppercased()) })
        }
        let simulation = try simulation(service)
        let client = simulation.connect(
            ScriptClient(
                [.call(StreamService.chat.path)] + ["a", "b", "c", "d"].map { .note($0) } + [.halfClose()]))
        try simulation.run(for: .seconds(1))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["a", "b", "C", "D"])
        #expect(client.response.statusCode == .ok)
    }

    @Test("a method is of the kind that its handler is made for, whatever its descriptor says")
    func kinds() throws {
        struct Mislabelled: Service {
            func register(with router: inout Router) {
                let method = MethodDescriptor(service: StreamService.name, name: "Record", kind: .unary)
                router.clientStreaming(method, Note.self, Note.self) { requests, context in
                    var count = 0
                    for try await _ in requests { count += 1 }
                    return Note("\(count) \(context.method.kind)")
                }
            }
        }
        let simulation = try Simulation(clock: clock, services: [Mislabelled()])
        let client = simulation.connect(upload(["one", "two"]))
        try simulation.run(for: .seconds(1))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["2 clientStreaming"])
    }
}
