// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads what Linux knows of a process: resident memory and processor time.
struct ProcessProbe {
    let pid: Int32

    /// Resident bytes; nil when the process is gone, or is over and only waits for its parent to ask how it ended.
    var residentBytes: Int? {
        guard let text = Self.read("/proc/\(pid)/statm") else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]), pages > 0 else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Processor time of all its threads since it began; nil when it is gone.
    var processorTime: Duration? {
        guard let text = Self.read("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        // Behind the name: state is field 3 of proc(5), utime 14, stime 15.
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else { return nil }
        let ticks = max(1, sysconf(Int32(_SC_CLK_TCK)))
        return .seconds(Double(user + system) / Double(ticks))
    }

    /// Why this may not be the process that answers on a port of this machine; nil when it, or nobody who can be seen, is it.
    func doubt(port: Int) -> String? { ListeningProcess(pid: pid, port: port).doubt }

    /// A file that the kernel makes up: up to 4,096 bytes of it.
    private static func read(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe Glibc.read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
