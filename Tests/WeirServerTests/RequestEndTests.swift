// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirInterop
import WeirRPC
import WeirServer
import WeirTesting

@Suite("The end of a stream of requests")
struct RequestEndTests {
    private let clock = VirtualClock()

    /// What a handler of the chat saw: the texts of its messages, then why there were no more.
    private struct Seen: Sendable, Equatable {
        var texts: [String] = []
        var code: StatusCode?
        var endedAt: Duration?
    }

    /// Reads to the end and notes what it saw; the error that ended it goes on.
    private func watched(_ seen: Shared<Seen>) -> StreamService {
        var service = StreamService()
        let clock = clock
        service.chat = { requests, _, _ in
            do throws(RPCError) {
                for try await note in requests { seen.update { $0.texts.append(note.text) } }
                seen.update { $0.endedAt = clock.now.sinceStart }
            } catch {
                seen.update { seen in
                    seen.code = error.code
                    seen.endedAt = clock.now.sinceStart
                }
                throw error
            }
        }
        return service
    }

    /// Runs a client against a handler that reads to the end; nothing may be left when it has.
    private func run(
        _ steps: [ScriptClient.Step], for duration: Duration = .seconds(10),
        configuration: ServerConfiguration = ServerConfiguration()
    ) throws -> (seen: Seen, response: RawPeer.Response) {
        let seen = Shared(Seen())
        let simulation = try Simulation(clock: clock, configuration: configuration, services: [watched(seen)])
        let client = simulation.connect(ScriptClient(steps))
        try simulation.run(for: duration)
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(simulation.server.snapshot.streams == 0)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(try simulation.shutDown())
        #expect(simulation.server.receiveBudgetBytes == 0)
        return (seen.value, client.response)
    }

    private static let call = RawFrame.call(StreamService.chat.path)

    @Test("a client that cancels: the handler that waits for a message is told at once")
    func cancelled() throws {
        let (seen, response) = try run([
            .send(after: .zero, [Self.call, .note("one")]),
            .send(after: .seconds(2), [.reset(1, code: 8)]),
        ])
        #expect(seen.texts == ["one"])
        #expect(seen.code == .cancelled)
        #expect(seen.endedAt.map { $0 >= .seconds(2) && $0 < .seconds(2.1) } == true)
        #expect(response.order == "")
    }

    @Test("a connection that is lost: the handler that waits is told UNAVAILABLE")
    func lost() throws {
        let (seen, _) = try run([
            .send(after: .zero, [Self.call, .note("one")]), .close(after: .seconds(2)),
        ])
        #expect(seen.texts == ["one"])
        #expect(seen.code == .unavailable)
    }

    @Test("a deadline that passes while the handler waits: both sides get DEADLINE_EXCEEDED, then the stream is reset")
    func deadline() throws {
        let call = RawFrame.call(StreamService.chat.path, [("grpc-timeout", "3S")])
        let (seen, response) = try run([.send(after: .zero, [call, .note("one")])])
        #expect(seen.texts == ["one"])
        #expect(seen.code == .deadlineExceeded)
        #expect(seen.endedAt.map { $0 >= .seconds(3) && $0 < .seconds(3.1) } == true)
        #expect(response.statusCode == .deadlineExceeded)
        #expect(response.order == "HR")
        #expect(response.reset == 0)
    }

    @Test("a client that says nothing for the idle deadline is cancelled; one that says something in time is not")
    func idle() throws {
        var configuration = ServerConfiguration()
        configuration.idleDeadline = .seconds(5)
        let steps: [ScriptClient.Step] = [
            .send(after: .zero, [Self.call, .note("one")]), .send(after: .seconds(4), [.note("two")]),
            .send(after: .seconds(8), [.note("three")]),
        ]
        let (seen, response) = try run(steps, for: .seconds(20), configuration: configuration)
        #expect(seen.texts == ["one", "two", "three"])
        #expect(seen.code == response.statusCode)
        #expect(seen.endedAt.map { $0 >= .seconds(13) && $0 < .seconds(13.1) } == true)
        #expect(response.order == "HR")
    }

    @Test("a message over the limit fails the call with RESOURCE_EXHAUSTED as soon as its prefix is there")
    func oversized() throws {
        var configuration = ServerConfiguration()
        configuration.maximumRequestBytes = 1_000
        let large = RawFrame.data([0] + RawFrame.bigEndian(1_001), stream: 1)
        let (seen, response) = try run(
            [.send(after: .zero, [Self.call, .note("one"), large])], configuration: configuration)
        #expect(seen.texts == ["one"])
        #expect(seen.code == .resourceExhausted)
        #expect(response.statusCode == .resourceExhausted)
        #expect(response.reset == 0)
    }

    @Test("a message that is no message of its type fails the read with INTERNAL")
    func undecodable() throws {
        let (seen, response) = try run([
            .send(after: .zero, [Self.call, .note("one"), .message([0xFF], stream: 1, ends: false), .note("two")])
        ])
        #expect(seen.texts == ["one"])
        #expect(seen.code == .internalError)
        #expect(response.statusCode == .internalError)
    }

    @Test("a handler that goes on after a message that cannot be decoded gets the next one")
    func goesOn() throws {
        var service = StreamService()
        service.record = { requests, _ in
            var texts: [String] = []
            var iterator = requests.makeAsyncIterator()
            while true {
                do throws(RPCError) {
                    guard let note = try await iterator.next() else { return Note(texts.joined(separator: " ")) }
                    texts.append(note.text)
                } catch {
                    texts.append(error.code.description)
                    guard texts.count < 9 else { throw error }
                }
            }
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(
            ScriptClient([
                .call(StreamService.record.path), .message([0xFF], stream: 1, ends: false), .note("two", ends: true),
            ]))
        try simulation.run(for: .seconds(1))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["INTERNAL two"])
    }

    @Test("a client that ends its side in the middle of a message: INTERNAL")
    func cutShort() throws {
        let (seen, response) = try run([
            .send(after: .zero, [Self.call, .note("one"), .data([0, 0, 0, 0, 9, 1], stream: 1, ends: true)])
        ])
        #expect(seen.texts == ["one"])
        #expect(seen.code == .internalError)
        #expect(response.statusCode == .internalError)
        #expect(response.reset == nil)
    }

    @Test(
        "flags that nobody has defined, and compression without a name for it: INTERNAL", arguments: [2, 1] as [UInt8])
    func flags(first: UInt8) throws {
        let (seen, response) = try run([
            .send(after: .zero, [Self.call, .note("one"), .data([first, 0, 0, 0, 0], stream: 1)])
        ])
        #expect(seen.code == .internalError)
        #expect(response.statusCode == .internalError)
    }

    @Test(
        "a task that is cancelled while it waits gets an error, and the message it would have got is there for the next"
    )
    func cancelledTask() throws {
        let errors = Shared<[StatusCode]>([])
        var service = StreamService()
        let clock = clock
        service.record = { requests, _ in
            var texts: [String] = []
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    var iterator = requests.makeAsyncIterator()
                    do throws(RPCError) { _ = try await iterator.next() } catch {
                        errors.update { $0.append(error.code) }
                    }
                }
                try? await clock.sleep(for: .seconds(1))
                group.cancelAll()
            }
            for try await note in requests { texts.append(note.text) }
            return Note(texts.joined(separator: " "))
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(
            ScriptClient([
                .send(after: .zero, [.call(StreamService.record.path)]),
                .send(after: .seconds(2), [.note("one"), .note("two", ends: true)]),
            ]))
        try simulation.run(for: .seconds(3))
        #expect(errors.value == [.cancelled])
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["one two"])
    }

    @Test("of two tasks that wait at once the second gets an error, and the first its message")
    func twoTasks() throws {
        let answers = Shared<[String]>([])
        var service = StreamService()
        service.record = { requests, _ in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        var iterator = requests.makeAsyncIterator()
                        do throws(RPCError) {
                            let text = try await iterator.next()?.text
                            answers.update { $0.append(text ?? "nil") }
                        } catch {
                            answers.update { $0.append(error.code.description) }
                        }
                    }
                }
            }
            return Note()
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(
            ScriptClient([
                .send(after: .zero, [.call(StreamService.record.path)]), .send(after: .seconds(1), [.note("one")]),
            ]))
        try simulation.run(for: .seconds(2))
        #expect(answers.value == ["INTERNAL", "one"])
        #expect(client.response.statusCode == .ok)
    }

    @Test("a handler that answers while the client still sends: its response, its status, then RST_STREAM(NO_ERROR)")
    func earlyResponse() throws {
        let seen = Shared(0)
        var service = StreamService()
        service.record = { requests, _ in
            for try await _ in requests {
                if seen.update({ count in
                    count += 1; return count
                }) == 3 {
                    break
                }
            }
            return Note("enough")
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(
            UploadClient(ClientCall(StreamService.record), halfCloseDelay: nil) { Note($0, bytes: 5_000).encoded })
        try simulation.run(for: .seconds(10))
        #expect(seen.value == 3)
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["enough"])
        #expect(client.response.statusCode == .ok)
        #expect(client.response.order == "HDHR")
        #expect(client.response.reset == 0)
        #expect(simulation.server.snapshot.streams == 0)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(try simulation.shutDown())
        #expect(simulation.server.receiveBudgetBytes == 0)
    }

    @Test("a stream that outlives its handler gives nothing more")
    func escaped() throws {
        let kept = Shared<RequestStream<Note>?>(nil)
        let codes = Shared<[StatusCode]>([])
        var service = StreamService()
        service.record = { requests, _ in
            kept.set(requests)
            return Note("done")
        }
        service.chat = { _, _, _ in
            guard var iterator = kept.value?.makeAsyncIterator() else { return }
            do throws(RPCError) { _ = try await iterator.next() } catch { codes.update { $0.append(error.code) } }
        }
        let simulation = try Simulation(clock: clock, services: [service])
        simulation.connect(
            ScriptClient([.call(StreamService.record.path), .note("one", ends: true)]))
        try simulation.run(for: .seconds(1))
        simulation.connect(ScriptClient([.call(StreamService.chat.path), .halfClose()]))
        try simulation.run(for: .seconds(1))
        #expect(codes.value == [.cancelled])
    }
}
