// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import NIOPosix
internal import Synchronization

/// Writes lines to a file from a thread of its own, so that a terminal that stands still, or a pipe that nobody reads, holds up
/// nobody who has something to say.
///
/// Of the line that changes only the newest is kept; it is dropped when there is something better to write. Other lines wait,
/// ``mostLines`` of them at most; what comes on top of that is dropped and counted.
final class OutputQueue: Sendable {
    private struct State {
        var lines = Deque<String>()
        var live: String?
        var isWriting = false
        /// Whether a changing line stands on the terminal.
        var hasLiveLine = false
        var dropped = 0
        var error: Int32 = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Most lines that wait.
    static let mostLines = 1_000

    private let file: Int32
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let state = Mutex(State())

    /// Makes a queue in front of a file.
    init(file: Int32) {
        self.file = file
        thread.start()
    }

    /// Lines that were dropped.
    var dropped: Int { state.withLock { $0.dropped } }

    /// Adds a line; returns at once.
    func line(_ text: String) {
        post { state in
            guard state.lines.count < Self.mostLines else { return state.dropped += 1 }
            state.lines.append(text)
        }
    }

    /// Changes the line that changes; returns at once.
    func live(_ text: String) { post { $0.live = text } }

    /// Waits until all lines are written, or writing failed; the changing line is taken away.
    ///
    /// Suspends as long as nobody reads what is written.
    ///
    /// - Returns: 0, or the error's number.
    func finish() async -> Int32 {
        post { $0.live = $0.hasLiveLine || $0.live != nil ? "" : nil }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                guard state.isWriting else { return true }
                state.waiting.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
        return state.withLock { $0.error }
    }

    private func post(_ change: (inout State) -> Void) {
        let begins = state.withLock { state in
            change(&state)
            guard !state.isWriting, !state.lines.isEmpty || state.live != nil else { return false }
            state.isWriting = true
            return true
        }
        if begins { thread.submit { _ in self.write() } }
    }

    private func write() {
        while true {
            let (text, waiting) = state.withLock { state -> (String?, [CheckedContinuation<Void, Never>]) in
                if let text = Self.next(&state) { return (text, []) }
                state.isWriting = false
                defer { state.waiting = [] }
                return (nil, state.waiting)
            }
            guard let text else {
                for continuation in waiting { continuation.resume() }
                return
            }
            let error = StandardOutput.write(Array(text.utf8), to: file)
            if error != 0 { state.withLock { $0.error = error } }
        }
    }

    private static func next(_ state: inout State) -> String? {
        // Once writing has failed nothing more is tried: what is behind a gap misleads.
        guard state.error == 0 else {
            state.lines = []
            state.live = nil
            return nil
        }
        let clear = state.hasLiveLine ? "\r\u{1B}[K" : ""
        if let line = state.lines.popFirst() {
            state.hasLiveLine = false
            return clear + line + "\n"
        }
        guard let live = state.live else { return nil }
        state.live = nil
        state.hasLiveLine = !live.isEmpty
        return "\r\u{1B}[K" + live
    }
}
