// SPDX-License-Identifier: Apache-2.0

/// A client that knows frames and nothing else: it keeps what it receives and sends what a test tells it to.
final class RawPeer {
    /// What came back on one stream.
    struct Response {
        var sections: [[String: String]] = []
        var data: [UInt8] = []
        var dataFrames: [Int] = []
        var ended = false
        var reset: UInt32?
        /// The order of what happened, one letter each: H(eaders), D(ata), R(eset).
        var order = ""

        var status: String? { sections.last?["grpc-status"] }
        var message: String? { sections.last?["grpc-message"] }

        /// The payload sizes of the whole messages received, and how many bytes of a cut one are left.
        var messages: (sizes: [Int], rest: Int) {
            var sizes: [Int] = []
            var position = 0
            while data.count - position >= 5 {
                let length = data[(position + 1)..<(position + 5)].reduce(0) { $0 << 8 | Int($1) }
                guard data.count - position - 5 >= length else { break }
                sizes.append(length)
                position += 5 + length
            }
            return (sizes, data.count - position)
        }
    }

    private(set) var frames: [RawFrame] = []
    private(set) var responses: [Int32: Response] = [:]
    /// Credit received, by stream; 0 is the connection.
    private(set) var credit: [Int32: Int] = [:]
    private let decoder = FieldDecoder()
    private var pending: [UInt8] = []

    subscript(stream: Int32) -> Response { responses[stream] ?? Response() }

    func count(_ kind: RawFrame.Kind) -> Int { frames.count { $0.kind == kind } }

    /// Takes bytes of the server's output; returns false when they are not frames.
    func receive(_ bytes: some Collection<UInt8>) -> Bool {
        pending += bytes
        var position = 0
        defer { pending.removeFirst(position) }
        while pending.count - position >= 9 {
            let header = pending[position..<(position + 9)]
            let numbers = header.map { Int($0) }
            let length = numbers[0] << 16 | numbers[1] << 8 | numbers[2]
            guard pending.count - position - 9 >= length else { return true }
            guard let kind = RawFrame.Kind(rawValue: UInt8(numbers[3])) else { return false }
            let stream = Int32(numbers[5] << 24 | numbers[6] << 16 | numbers[7] << 8 | numbers[8])
            let payload = Array(pending[(position + 9)..<(position + 9 + length)])
            position += 9 + length
            guard note(RawFrame(kind: kind, flags: UInt8(numbers[4]), stream: stream, payload: payload)) else {
                return false
            }
        }
        return true
    }

    private func note(_ frame: RawFrame) -> Bool {
        frames.append(frame)
        var response = self[frame.stream]
        switch frame.kind {
        case .headers:
            guard let fields = decoder.decode(frame.payload) else { return false }
            response.sections.append(Dictionary(fields.map { ($0.name, $0.value) }) { $1 })
            response.order += "H"
        case .data:
            response.data += frame.payload
            response.dataFrames.append(frame.payload.count)
            response.order += "D"
        case .rstStream:
            response.reset = frame.number
            response.order += "R"
        case .windowUpdate:
            credit[frame.stream, default: 0] += Int(frame.number)
            return true
        default:
            return true
        }
        if frame.endsStream { response.ended = true }
        responses[frame.stream] = response
        return true
    }
}
