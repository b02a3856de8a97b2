// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How much memory this process may use.
enum ProcessMemory {
    /// The smaller of the machine's memory and the control group's limit, in bytes.
    static let limitBytes: Int = {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        let (machine, overflow) = pages.multipliedReportingOverflow(by: pageBytes)
        let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        let groups = limits.compactMap { number(inFile: $0) }
        let known = (groups + (overflow || machine <= 0 ? [] : [machine])).filter { $0 > 0 }
        return known.min() ?? 1 << 30
    }()

    /// The number a one-line file holds; nil when there is none ("max" means no limit).
    private static func number(inFile path: String) -> Int? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self))
    }
}
