// SPDX-License-Identifier: Apache-2.0

/// What a peer has begun to send and has not sent whole.
package struct UnfinishedInput: Equatable, Sendable {
    /// What is unfinished.
    package enum Part: Equatable, Sendable {
        /// The 24 bytes that every client begins with (RFC 9113 §3.4).
        case preface
        /// The SETTINGS frame that follows them.
        case settings
        /// A field section: HEADERS and their CONTINUATIONs up to END_HEADERS (RFC 9113 §4.3).
        case fieldSection
        /// A DATA frame, of which the header is whole.
        case data
        /// Another frame, or the nine bytes of any frame's header.
        case frame
    }

    /// What is unfinished.
    package let part: Part
    /// The number of the frame that it began with, from 1; 0 for preface and SETTINGS.
    ///
    /// As long as it is the same, it is the same unfinished thing.
    package let frame: UInt64
}
