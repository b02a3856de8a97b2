// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Runs the source of a buffered sequence, for as long as its iterator lives.
///
/// The iterator is the only one that holds it; the task holds the storage and not the pump, so that the end of the iterator
/// ends the task.
final class BufferPump<Base: AsyncSequence & Sendable>: Sendable where Base.Element: Sendable {
    let storage: BufferStorage<Base.Element>
    let timer: BufferTimer

    private let base: Base
    private let bytes: @Sendable (Base.Element) -> Int
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(
        _ base: Base, storage: BufferStorage<Base.Element>, timer: BufferTimer,
        bytes: @escaping @Sendable (Base.Element) -> Int
    ) {
        self.base = base
        self.storage = storage
        self.timer = timer
        self.bytes = bytes
    }

    deinit {
        task.withLock { $0 }?.cancel()
        storage.cancel()
    }

    /// Starts the source, the first time.
    func start() {
        task.withLock { task in
            guard task == nil else { return }
            task = Task { [base, storage, timer, bytes] in
                await Self.run(base, into: storage, timer: timer, bytes: bytes)
            }
        }
    }

    private static func run(
        _ base: Base, into storage: BufferStorage<Base.Element>, timer: BufferTimer,
        bytes: @Sendable (Base.Element) -> Int
    ) async {
        do {
            for try await message in base {
                guard try await offer(message, bytes: bytes(message), to: storage, timer: timer) else { return }
            }
            storage.finish(nil)
        } catch {
            storage.finish(error)
        }
    }

    /// Offers a message until it is taken or dropped; false when nobody is there any more.
    private static func offer(
        _ message: Base.Element, bytes: Int, to storage: BufferStorage<Base.Element>, timer: BufferTimer
    ) async throws -> Bool {
        let start = timer.clock.now
        var deadline: PolicyInstant?
        while true {
            let now = timer.clock.now
            switch storage.offer(message, bytes: bytes, at: now) {
            case .taken: return true
            case .cancelled: return false
            case .failed(let error): throw error
            case .mustWait(let until):
                let until = deadline ?? until
                deadline = until
                if until == .distantFuture {
                    await storage.waitForRoom(bytes: bytes)
                } else {
                    guard now < until else { throw BufferOverflow.timedOut(after: now.duration(since: start)) }
                    await wait(until.duration(since: now), for: bytes, in: storage, timer: timer)
                }
            }
        }
    }

    /// Waits for room or for the time to pass, whichever is first; the loser is cancelled and awaited.
    private static func wait(
        _ duration: Duration, for bytes: Int, in storage: BufferStorage<Base.Element>, timer: BufferTimer
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await storage.waitForRoom(bytes: bytes) }
            group.addTask { try? await timer.sleep(duration) }
            await group.next()
            group.cancelAll()
        }
    }
}
