internal import Foundation
internal import HostFiles
internal import Policy

/// A user of this machine.
public struct LocalLogin: Sendable, Equatable {
    /// As sshd knows them.
    public let name: String
    /// Their number.
    public let uid: UInt32
    /// That of their own group.
    public let gid: UInt32
    /// Their home folder, as the password file has it; empty where it names none.
    public let home: String
    let shell: String

    /// The user that a line of the password file is about; `nil` where it is none.
    init?(line: Substring) {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 7, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
        name = String(fields[0])
        self.uid = uid
        self.gid = gid
        home = String(fields[5])
        shell = String(fields[6])
    }

    /// Whether somebody could work as them.
    var hasShell: Bool { !["nologin", "false", "sync", "halt", "shutdown"].contains { shell.hasSuffix("/\($0)") } }

    /// The users called `names`, or all that are listed.
    /// - Throws: `SetupError.program`.
    public static func all(_ names: [String] = [], by programs: any Programs) throws(SetupError) -> [LocalLogin] {
        let result: ProgramResult
        do throws(ProgramFault) {
            result = try programs.run(["getent", "passwd"] + names.filter { isLoginName($0.utf8) })
        } catch {
            throw .program(error)
        }
        return result.outputText.split(separator: "\n").compactMap { LocalLogin(line: $0) }
    }

    /// The user called `name`, `nil` where there is none.
    static func named(_ name: String, by programs: any Programs) throws(SetupError) -> LocalLogin? {
        try all([name], by: programs).first { $0.name == name }
    }

    /// The gid of the group called `name`, `nil` where there is none.
    static func group(_ name: String, by programs: any Programs) throws(SetupError) -> UInt32? {
        do throws(ProgramFault) {
            let fields = try programs.run(["getent", "group", name]).outputText
                .split(separator: "\n").first?.split(separator: ":", omittingEmptySubsequences: false)
            return fields.flatMap { $0.count > 2 ? UInt32($0[2]) : nil }
        } catch {
            throw .program(error)
        }
    }
}

extension FileManager {
    /// Removes a folder and all in it, no link followed; nothing where there is none.
    func removeFolder(_ path: String) throws {
        guard (try? attributesOfItem(atPath: path)) != nil else { return }
        try removeItem(atPath: path)
    }

    /// Gives a file or folder to somebody.
    func setOwner(_ owner: FileOwner, of path: String) throws {
        try setAttributes(
            [.ownerAccountID: NSNumber(value: owner.user), .groupOwnerAccountID: NSNumber(value: owner.group)],
            ofItemAtPath: path)
    }

    /// Sets the permission bits of a file or folder.
    func setMode(_ mode: UInt32, of path: String) throws {
        try setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: path)
    }

    /// The permission bits and the owner of what stands at a path, `nil` where nothing does.
    func standing(of path: String) -> (mode: UInt32, owner: FileOwner)? {
        guard let attributes = try? attributesOfItem(atPath: path) else { return nil }
        let number = { (key: FileAttributeKey) in (attributes[key] as? NSNumber)?.uint32Value ?? 0 }
        return (
            number(.posixPermissions),
            FileOwner(user: number(.ownerAccountID), group: number(.groupOwnerAccountID))
        )
    }
}
