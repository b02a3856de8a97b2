// SPDX-License-Identifier: Apache-2.0

internal import WeirBackpressure
internal import WeirRPC

extension CallOutcome {
    /// What a call's end says about the server; `callEnd` is why the call was over before its handler, if it was.
    ///
    /// A client that went away, or that was too slow, says nothing, nor does a request that was wrong: it fails fast whatever
    /// the load is. A deadline that passed while the handler ran is a failure.
    init(_ status: StatusCode, callEnd: StatusCode?) {
        switch callEnd ?? status {
        case .deadlineExceeded: self = .failed
        case _ where callEnd != nil: self = .ignored
        case .ok: self = .succeeded
        case .unavailable, .internalError, .unknown, .dataLoss, .resourceExhausted: self = .failed
        default: self = .ignored
        }
    }
}
