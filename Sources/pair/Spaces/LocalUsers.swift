import Administration
import Encodings
import Foundation
import Policy

/// The users of this machine, as `getent` tells them from wherever they are kept.
struct LocalUsers: UserDirectory {
    /// One user of the machine.
    struct User: Equatable {
        let name: String
        let uid: UInt32
        let gid: UInt32
    }

    /// As many names as go into one command line with room to spare.
    private static let batch = 1000

    func uids(of names: [String]) throws(UserLookupError) -> [String: UInt32] {
        // What no user can be called must not be taken for a number or an option.
        let wanted = names.filter { isLoginName($0.utf8) }
        var uids: [String: UInt32] = [:]
        var rest = wanted[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.batch)
            for user in try Self.users(Array(some)) where some.contains(user.name) { uids[user.name] = user.uid }
            rest = rest.dropFirst(some.count)
        }
        return uids
    }

    func names(withUIDs range: Range<UInt32>) throws(UserLookupError) -> [String] {
        let users = range.count == 1 ? try Self.users([String(range.lowerBound)]) : try Self.users([])
        return users.filter { range.contains($0.uid) }.sorted { $0.uid < $1.uid }.map(\.name)
    }

    /// The user called `name`.
    func user(named name: String) throws(UserLookupError) -> User? {
        try Self.users([name]).first { $0.name == name }
    }

    /// Those of `keys`, names or uids, that there are; of no keys, all.
    private static func users(_ keys: [String]) throws(UserLookupError) -> [User] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/getent")
        process.arguments = ["passwd"] + keys
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw UserLookupError("getent: \(error.localizedDescription)")
        }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        // 2 where one of the keys is not there (getent(1)).
        guard [0, 2].contains(process.terminationStatus) else {
            throw UserLookupError("getent passwd ended with status \(process.terminationStatus)")
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 4, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return User(name: String(fields[0]), uid: uid, gid: gid)
        }
    }
}
