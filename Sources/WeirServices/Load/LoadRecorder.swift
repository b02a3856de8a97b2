// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The load that a ``LoadReportService`` reports, kept up to date by the application.
///
/// ```swift
/// let recorder = LoadRecorder()
/// recorder.update { report in report.cpuUtilization = 0.4 }
/// ```
public final class LoadRecorder: Sendable {
    private let current = Mutex(LoadReport())

    /// Makes a recorder whose report says nothing.
    public init() {}

    /// The report as it is now.
    public var report: LoadReport { current.withLock { $0 } }

    /// Changes the report, from any thread; reports on their way are not affected.
    public func update(_ change: (inout LoadReport) -> Void) {
        current.withLock { change(&$0) }
    }
}
