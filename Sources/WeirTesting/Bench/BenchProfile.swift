// SPDX-License-Identifier: Apache-2.0

/// A way of being slow or hostile that a server is put to, with the verdict on what the server did.
///
/// Does no I/O: it says which clients to connect and judges what they saw, over sockets or in a simulation.
public protocol BenchProfile: Sendable {
    /// Its name on a command line, such as `never-reads`.
    static var name: String { get }
    /// What the clients do, in a sentence.
    static var summary: String { get }
    /// What a good server does about it, in a sentence or two.
    static var goodServer: String { get }

    /// The clients that are connected, at once or later.
    func clients(_ plan: BenchPlan) -> [BenchClient]

    /// How long to watch at most.
    func watches(_ plan: BenchPlan) -> Duration

    /// Whether nothing more can come; asked now and then while the profile runs.
    func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool

    /// What to say of the server.
    func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement
}

extension BenchProfile {
    /// Its name on a command line.
    public var name: String { Self.name }
    /// What the clients do.
    public var summary: String { Self.summary }
    /// What a good server does about it.
    public var goodServer: String { Self.goodServer }

    /// Unless a profile says otherwise: when every call, or its connection, is over.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        !connections.isEmpty && connections.allSatisfy(\.isOver)
    }
}

/// A client of a bench: what it does, and how its socket is set up.
public struct BenchClient: Sendable {
    /// What it does.
    public var profile: any ClientProfile
    /// When it connects, counted from the profile's beginning.
    public var connectsAfter = Duration.zero
    /// The size of its socket's receive buffer (SO_RCVBUF, before connecting); nil: what the system gives.
    public var receiveBufferBytes: Int?

    /// Makes a client that does this.
    public init(_ profile: any ClientProfile, connectsAfter: Duration = .zero, receiveBufferBytes: Int? = nil) {
        self.profile = profile
        self.connectsAfter = connectsAfter
        self.receiveBufferBytes = receiveBufferBytes
    }
}
