// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirRPC
import WeirServer
import WeirTesting

@Suite("Streams of requests")
struct RequestStreamTests {
    private let clock = VirtualClock()

    private func upload(_ texts: [String], halfCloseDelay: Duration? = .zero) -> UploadClient {
        UploadClient(
            ClientCall(StreamService.record), messages: texts.map { Note($0).encoded },
            halfCloseDelay: halfCloseDelay)
    }

    @Test("the handler gets every message, in order, then the end, and answers once")
    func inOrder() throws {
        var service = StreamService()
        service.record = { requests, _ in
            var texts: [String] = []
            for try await note in requests { texts.append(note.text) }
            return Note(texts.joined(separator: " "))
        }
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(upload(["one", "two", "", "three"]))
        try simulation.run(for: .seconds(1))
        #expect(try client.response.messages(of: Note.self).map(\.text) == ["one two  three"])
        #expect(client.response.statusCode == .ok)
        #expect(client.response.order == "HDH")
        #expect(try simulation.shutDown())
    }
}
