// SPDX-License-Identifier: Apache-2.0

/// The profiles of the bench.
public enum BenchProfiles {
    /// All of them: the control, honest slow clients, stalled streams, stalled connections, and clients that provoke work.
    public static let all: [any BenchProfile] = [
        SteadyProfile(),
        SlowReaderProfile(), OneMessageAtATimeProfile(), UpdateAtExhaustionProfile(), StallThenRecoverBeforeProfile(),
        IdleSubscribersThenBurstProfile(), TrickleProfile(),
        NeverReadsProfile(), ZeroWindowProfile(), ZeroWindowFromStartProfile(), StopMidMessageProfile(),
        StopBeforeTrailersProfile(), StallThenRecoverAfterProfile(), WindowShrinkProfile(), HalfCloseProfile(),
        ConnectionWindowHogProfile(), SiblingStarvationProfile(), GoAwayWhileBlockedProfile(),
        CancelWhileBlockedProfile(),
        TCPShutHTTP2OpenProfile(), VanishProfile(), NoSettingsAckProfile(), ResetStormProfile(),
        PingFloodUnreadProfile(), SettingsFloodUnreadProfile(),
        SlowUploadProfile(), SlowHeadersProfile(), SlowPrefaceProfile(),
    ]

    /// The profile of this name; nil when there is none.
    public static func named(_ name: String) -> (any BenchProfile)? { all.first { $0.name == name } }
}
