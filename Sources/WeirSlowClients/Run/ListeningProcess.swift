// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import WeirTesting

/// Looks whether a process is the one that listens on a port: memory and processor time of a launcher say nothing of the server.
struct ListeningProcess {
    let pid: Int32
    let port: Int
    /// Where the kernel shows its processes.
    var proc = "/proc"

    /// What is doubtful about it, in a sentence; nil when the process has the listening socket.
    var doubt: String? {
        let sockets = listeningSockets
        guard !sockets.isEmpty else {
            return
                "nothing listens on port \(port) where process \(pid) (\(name(pid))) runs; its figures may be another program's"
        }
        if owns(pid, sockets) { return nil }
        guard let child = descendants.first(where: { owns($0, sockets) }) else {
            return
                "process \(pid) (\(name(pid))) does not listen on port \(port), nor does any that it started; its figures "
                + "may be another program's"
        }
        return
            "process \(pid) (\(name(pid))) does not listen on port \(port); process \(child) (\(name(child))), which it "
            + "started, does: the figures are the launcher's, use --pid \(child)"
    }

    /// The inodes of sockets that listen on the port, of IPv4 and IPv6, in the network of the process.
    private var listeningSockets: Set<String> {
        var inodes = Set<String>()
        for file in ["tcp", "tcp6"] {
            for line in Self.read("\(proc)/\(pid)/net/\(file)").split(separator: "\n").dropFirst() {
                // proc(5): number, local address:port in hexadecimal, remote, state (0A: LISTEN), …, inode as the tenth.
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[3] == "0A", let digits = fields[1].split(separator: ":").last,
                    Int(digits, radix: 16) == port
                else { continue }
                inodes.insert(String(fields[9]))
            }
        }
        return inodes
    }

    private func owns(_ pid: Int32, _ sockets: Set<String>) -> Bool {
        let folder = "\(proc)/\(pid)/fd"
        return Self.names(in: folder).contains { name in
            var target = [CChar](repeating: 0, count: 64)
            let length = unsafe readlink("\(folder)/\(name)", &target, target.count)
            guard length > 0 else { return false }
            let text = String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return text.hasPrefix("socket:[") && sockets.contains(String(text.dropFirst(8).dropLast()))
        }
    }

    /// The processes that it started, and those that these started.
    private var descendants: [Int32] {
        var children: [Int32: [Int32]] = [:]
        for child in Self.names(in: proc).compactMap({ Int32($0) }) {
            let text = Self.read("\(proc)/\(child)/stat")
            // Behind the name, which may hold anything: the state, then the parent.
            guard let end = text.lastIndex(of: ")") else { continue }
            let fields = text[end...].split(separator: " ")
            if fields.count > 2, let parent = Int32(fields[2]) { children[parent, default: []].append(child) }
        }
        var found: [Int32] = []
        var next = [pid]
        while let parent = next.popLast() {
            let own = (children.removeValue(forKey: parent) ?? []).sorted()
            found += own
            next += own
        }
        return found
    }

    private func name(_ pid: Int32) -> String {
        GRPCMessage.printable(String(Self.read("\(proc)/\(pid)/comm").prefix { $0 != "\n" }))
    }

    /// The names in a folder; none when it cannot be read.
    private static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            names.append(
                unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                    unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                })
        }
        return names
    }

    /// Most bytes of a list of sockets: about a hundred thousand of them.
    private static let mostBytes = 16 << 20

    /// A file that the kernel makes up; empty when it cannot be read.
    private static func read(_ path: String) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while content.count < mostBytes {
            let count = unsafe Glibc.read(file, &part, part.count)
            guard count > 0 else { break }
            content += part.prefix(count)
        }
        return String(decoding: content, as: UTF8.self)
    }
}
