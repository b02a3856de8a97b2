// SPDX-License-Identifier: Apache-2.0

/// Why a simulation cannot go on.
public enum SimulationError: Error, Equatable, CustomStringConvertible {
    /// A handler never waits, so that no time can pass.
    case endlessWork(at: VirtualClock.Instant)
    /// Handlers left the simulation's executor and came back at a time that follows from no seed.
    case leftExecutor(jobs: Int)

    /// What happened and what to do, in a sentence.
    public var description: String {
        switch self {
        case .endlessWork(let instant):
            "a handler ran without end at \(instant): it must wait for its stream or for the simulation's clock"
        case .leftExecutor(let jobs):
            "\(jobs) jobs came from other threads: a handler used Task.detached, a global actor, a task of its own or "
                + "real time; keep it on its executor and let it sleep on the simulation's clock"
        }
    }
}
