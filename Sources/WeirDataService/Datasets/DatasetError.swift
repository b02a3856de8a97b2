// SPDX-License-Identifier: Apache-2.0

/// Why a data set could not be opened, read or listed.
///
/// The texts are written for a client: none of them names a path of the server. ``rootUnusable(_:)`` is the exception,
/// since only the operator who configured the directory ever sees it.
package enum DatasetError: Error, Hashable, Sendable {
    /// The configured directory, or another setting of the catalog, cannot be used; the text says why.
    case rootUnusable(String)
    /// The request asks for something no data set can give; the text names the field and its limit.
    case invalid(String)
    /// No data set has the requested name.
    ///
    /// A name that leaves the directory, or that names anything but a regular file, is answered with this very value.
    case notFound
    /// The line with this sequence number is longer than ``DatasetRequest/maximumChunkBytes``.
    case lineTooLong(sequence: UInt64)
    /// The file is shorter than it was when it was opened.
    case fileChanged
    /// The process has no descriptor, memory or thread for this now; the same request may succeed later.
    case unavailable(String)
    /// The kernel could not read the data set; the text is the kernel's reason.
    case readFailed(String)
}

extension DatasetError: CustomStringConvertible {
    /// One sentence that a client, or for ``rootUnusable(_:)`` an operator, can act on.
    package var description: String {
        switch self {
        case .rootUnusable(let reason): reason
        case .invalid(let reason): reason
        case .notFound: "no data set has this name"
        case .lineTooLong(let sequence):
            "line \(sequence) is longer than \(DatasetRequest.maximumChunkBytes) bytes; "
                + "ask for this data set in bytes, or resume behind that line"
        case .fileChanged: "the data set became shorter while it was read; start again"
        case .unavailable(let reason): "the data set cannot be read now: \(reason)"
        case .readFailed(let reason): "the data set could not be read: \(reason)"
        }
    }
}
