// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Lines for whoever reads this process's standard output, written at once: it may be a pipe.
enum StandardOutput {
    /// Writes one line.
    static func line(_ text: String) {
        var bytes = Array((text + "\n").utf8)
        _ = write(STDOUT_FILENO, &bytes, bytes.count)
    }
}
