// SPDX-License-Identifier: Apache-2.0

/// What an ended call teaches the policies that let it in.
public enum CallOutcome: Hashable, Sendable {
    /// It was answered; a refusal that is the caller's own doing counts as an answer too. Its time is a sample.
    case succeeded
    /// It failed for a reason that says something about load or health: a timeout, an overload, a fault.
    case failed
    /// Nothing can be learnt from it: it was cancelled, or never started.
    case ignored
}
