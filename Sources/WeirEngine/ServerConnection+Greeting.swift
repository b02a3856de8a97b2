// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2

/// What becomes of clients that do not speak HTTP/2.
extension ServerConnection {
    /// How long the answer to a client of HTTP/1.1 may take to be read, while what it still sends is thrown away.
    ///
    /// A socket that is closed with unread bytes resets the connection, and the answer is lost with it.
    private static let farewell = Duration.seconds(1)

    /// Takes a connection's first bytes; returns those that are for the HTTP/2 session.
    func greet(_ bytes: ByteBuffer) -> ByteBuffer? {
        let handedOn = greeting.receive(bytes)
        switch greeting.verdict {
        case .undecided:
            break
        case .http2:
            releaseOutput()
        case .http1(let isHead):
            act(.report(.connectionRefused(reason: "the client speaks HTTP/1.1, and this server only HTTP/2")))
            foreignAnswer = Self.answerToHTTP1(isHead: isHead)
            closesAt = now + Self.farewell
        case .tls:
            let reason = "the client speaks TLS, and this port is plaintext"
            act(.report(.connectionRefused(reason: reason)))
            connectionLost(reason, at: now)
            act(.close)
        }
        return handedOn
    }

    /// Frames may go out: the client speaks HTTP/2, or the connection has something to say that does not wait.
    func releaseOutput() {
        guard holdsOutput, closesAt == nil else { return }
        holdsOutput = false
        outputIsWanted()
    }

    /// Closes the connection of a client of HTTP/1.1 that had the time to read its answer.
    func sayFarewell() {
        guard let due = closesAt, due <= now else { return }
        connectionLost("the client does not speak HTTP/2", at: now)
        act(.close)
    }

    /// One line for a person, in the only protocol that this client understands (RFC 9110 §15.6.6).
    private static func answerToHTTP1(isHead: Bool) -> ByteBuffer {
        let text = "This is a gRPC server: it speaks HTTP/2 from the first byte on (curl: --http2-prior-knowledge).\n"
        return ByteBuffer(
            string: "HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain; charset=utf-8\r\n"
                + "content-length: \(text.utf8.count)\r\nconnection: close\r\n\r\n\(isHead ? "" : text)")
    }
}
