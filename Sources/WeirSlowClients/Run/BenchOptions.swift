// SPDX-License-Identifier: Apache-2.0

public import WeirTesting

/// What a bench is to do.
public struct BenchOptions: Sendable {
    /// The target's name or address.
    public var host: String
    /// The target's port.
    public var port: Int
    /// What to call the server in reports; nil: `host:port`.
    public var label: String?
    /// What is called, and the numbers that the profiles share.
    public var plan: BenchPlan
    /// The profiles, in the order in which they run.
    public var profiles: [any BenchProfile]
    /// The server's process, to watch its memory and processor time; nil: not watched.
    public var pid: Int32?
    /// Whether targets that are not on this machine's loopback are allowed.
    public var allowsRemote = false

    /// Most streams in all that a profile may open.
    public static let mostStreams = 10_000

    /// Most bytes of a connection's requests, with what their fields take: they are held until the kernel has them.
    static let mostRequestBytes = 16 << 20

    /// Makes options for a target.
    public init(host: String, port: Int, plan: BenchPlan, profiles: [any BenchProfile]) {
        self.host = host
        self.port = port
        self.plan = plan
        self.profiles = profiles
    }

    /// What is wrong with them, in one line; nil when nothing is.
    public var problem: String? {
        if !(1...65_535).contains(port) { return "port \(port) is not between 1 and 65535" }
        if profiles.isEmpty { return "there is no profile to run" }
        if plan.stallDeadline < .milliseconds(100) || plan.stallDeadline > .seconds(3600) {
            return "the stall deadline must be between 100ms and 1h"
        }
        if plan.duration < .milliseconds(100) || plan.duration > .seconds(3600) {
            return "the duration must be between 100ms and 1h"
        }
        if plan.streams < 1 { return "the number of streams must be at least 1" }
        if plan.connections < 1 || plan.connections > 1_000 {
            return "the number of connections must be between 1 and 1000"
        }
        if plan.streams > Self.mostStreams || plan.streams * plan.connections > Self.mostStreams {
            return "streams times connections must be at most \(Self.mostStreams)"
        }
        let request = plan.call.message.count + plan.call.path.utf8.count + 256
        if plan.streams > Self.mostRequestBytes / request {
            return "so many streams send requests of more than \(Self.mostRequestBytes >> 20) MiB: choose fewer"
        }
        if let pid, pid < 1 { return "pid \(pid) is not a process" }
        return nil
    }
}

/// How far a bench is.
public enum BenchProgress: Sendable {
    /// Something that may make the figures worth less; in a sentence.
    case warning(String)
    /// The control and the canary by itself are measured, for about so long.
    case measuring(Duration)
    /// A profile begins: which, its place, how many there are, and how long it lasts at most.
    case began(name: String, place: Int, of: Int, atMost: Duration)
    /// A moment of a running profile.
    case sample(name: String, BenchObservation.Sample)
    /// A profile is over.
    case ended(ProfileResult)
}
