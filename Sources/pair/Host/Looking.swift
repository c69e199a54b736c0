import Encodings
import Foundation
import HostFiles
import Upkeep

extension PathFacts {
    /// The way to `path`, as it is now; links on it as themselves.
    init(lookingAt path: String) {
        var steps: [Step] = []
        var passed = ""
        let components = path.split(separator: "/").map(String.init).filter { $0 != "." }
        for component in [""] + components {
            passed += passed == "/" || component.isEmpty ? component : "/" + component
            let here = passed.isEmpty ? "/" : passed
            switch Self.step(at: here) {
            case .success(let step): steps.append(step)
            case .failure(let end):
                self.init(path, steps: steps, end: end.end)
                return
            }
        }
        self.init("/" + components.joined(separator: "/"), steps: steps)
    }

    private struct Ended: Error {
        let end: End
    }

    private static func step(at path: String) -> Result<Step, Ended> {
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try FileManager.default.attributesOfItem(atPath: path)
        } catch CocoaError.fileReadNoPermission {
            return .failure(Ended(end: .forbidden))
        } catch {
            return .failure(Ended(end: .missing))
        }
        let number = { (key: FileAttributeKey) in (attributes[key] as? NSNumber)?.uint32Value ?? .max }
        let kind: FileKind =
            switch attributes[.type] as? FileAttributeType {
            case .typeRegular?: .regular
            case .typeDirectory?: .directory
            case .typeSymbolicLink?: .symbolicLink
            case .typeSocket?: .socket
            case .typeCharacterSpecial?, .typeBlockSpecial?: .device
            default: .fifo
            }
        return .success(
            Step(
                path, kind, owner: number(.ownerAccountID), group: number(.groupOwnerAccountID),
                mode: number(.posixPermissions)))
    }

    /// The way to where `path` leads once every link is followed, also to what is not there.
    init(resolving path: String) {
        var (head, tail) = (path, [String]())
        // What is there is resolved, and the rest stands behind it.
        while head != "/", !head.isEmpty, !FileManager.default.fileExists(atPath: head) {
            let url = URL(fileURLWithPath: head)
            tail.insert(url.lastPathComponent, at: 0)
            head = url.deletingLastPathComponent().path
        }
        let resolved = URL(fileURLWithPath: head).resolvingSymlinksInPath().path
        self.init(lookingAt: ([resolved == "/" ? "" : resolved] + tail).joined(separator: "/"))
    }
}

/// The users of this machine by name, as `getent` tells them from wherever they are kept.
func users(named names: [String], by programs: some Programs) -> [String: UserFacts] {
    guard !names.isEmpty, let told = try? programs.run(["getent", "passwd", "--"] + names) else { return [:] }
    var users: [String: UserFacts] = [:]
    for line in told.outputText.split(separator: "\n") {
        if let user = UserFacts(passwd: line) { users[user.name] = user }
    }
    return users
}

/// What a file of the system holds; `nil` where it cannot be read.
func systemFile(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { Array($0) } }

/// The names in a folder of the system, sorted; none where it cannot be read.
func systemNames(_ folder: String) -> [String] { (try? folderNames(folder)) ?? [] }
