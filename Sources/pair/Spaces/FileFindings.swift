import Administration
import Foundation
import HostFiles
import Policy

/// Looks at whose a host's files are, and who can read them.
struct FileFindings {
    /// The user that sshd runs pair-authkeys as.
    private static let reader = "_pair"

    private let readerGroup: UInt32?

    init() {
        readerGroup = (try? LocalUsers().user(named: Self.reader))?.gid
    }

    /// What there is to say about all of `host`'s files.
    func findings(about host: AdministeredHost) -> [Finding] {
        if let source = host.policySource {
            let policy = findings(host.configuration.resolve(source.file), isNamed: true)
            return findings(host.path, isNamed: true) + policy
        }
        return HostFileKind.allCases.reduce(into: findings(host.path, isNamed: true)) { findings, kind in
            findings += self.findings(
                host.path(of: kind), isNamed: kind.location(in: host.configuration).isNamed)
        }
    }

    /// What there is to say about the file at `path`, which must exist where it is named.
    func findings(_ path: String, isNamed: Bool) -> [Finding] {
        do throws(FileFault) {
            _ = try HostFile(path, ownedBy: .root).read(limit: AdministeredHost.maximumFile)
        } catch {
            switch error.kind {
            case .missing where !isNamed: return []
            case .unsafe where isOnlyMine(path): return [Finding(file: path, line: nil, reason: .judgedAsYours)]
            case .missing, .unsafe, .content, .system, .stopped:
                // The file's own name is in front of it already.
                let (text, place) = ("\(error)", "\(shown(path)): ")
                let reason = text.hasPrefix(place) ? String(text.dropFirst(place.count)) : text
                return [Finding(file: path, line: nil, reason: .file(reason, mend: error.mend))]
            }
        }
        guard let obstacle = obstacle(onTheWayTo: path) else { return [] }
        return [Finding(file: path, line: nil, reason: .unreadable(by: Self.reader, mend: obstacle))]
    }

    /// Whether all that keeps the file from being root's is that it is the own one of somebody who tries things out.
    private func isOnlyMine(_ path: String) -> Bool {
        guard geteuid() != 0 else { return false }
        return (try? HostFile(path, ownedBy: .rootOrSelf).read(limit: AdministeredHost.maximumFile)) != nil
    }

    /// What to do so that pair-authkeys can read the file, `nil` where it can.
    private func obstacle(onTheWayTo path: String) -> String? {
        let full = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        var passed = ""
        let components = full.split(separator: "/").map(String.init).filter { $0 != "." }
        for (index, component) in components.enumerated() {
            passed += "/" + component
            let isFile = index == components.count - 1
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: passed),
                let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue
            else { return nil }
            let group = (attributes[.groupOwnerAccountID] as? NSNumber)?.uint32Value
            let bit = isFile ? 0o4 : 0o1
            let isGroups = readerGroup != nil && group == readerGroup
            if mode & (isGroups ? bit << 3 : bit) == 0 {
                return "chmod \(isGroups ? "g" : "o")+\(isFile ? "r" : "x") \(shown(passed))"
            }
        }
        return nil
    }
}
