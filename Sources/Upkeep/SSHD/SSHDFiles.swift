internal import Encodings
internal import Foundation

/// The files of this machine, as its sshd reads them.
public struct SystemSSHDFiles: SSHDFiles {
    /// Reads whatever root may.
    public init() {}

    /// Larger than any that a person writes.
    private static let maximumCount = 1 << 20

    /// The bytes of a file; `nil` where sshd could not read it.
    /// - Parameter path: Links on the way are followed, as sshd does.
    /// - Returns: All of them.
    public func contents(of path: String) -> [UInt8]? {
        guard let data = FileManager.default.contents(atPath: path), data.count <= Self.maximumCount else { return nil }
        return Array(data)
    }

    /// The paths that a pattern stands for, sorted by their bytes, as sshd's glob(3) does in its C locale.
    /// - Parameter pattern: Absolute.
    /// - Returns: Those of them that exist.
    public func paths(matching pattern: String) -> [String] {
        var found = [""]
        for component in SSHDPattern(pattern).components {
            found = found.flatMap { folder -> [String] in
                guard component.isPattern else {
                    let path = "\(folder)/\(component.text)"
                    return FileManager.default.fileExists(atPath: path) ? [path] : []
                }
                let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "/" : folder)) ?? []
                return names.filter { component.matches($0) }.map { "\(folder)/\($0)" }
            }
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// A pattern of paths: `*`, `?` and `[…]` within a component, as glob(7) has them.
struct SSHDPattern {
    let components: [Component]

    init(_ pattern: String) {
        components = pattern.utf8.split(separator: UInt8(ascii: "/")).map { Component(bytes: Array($0)) }
    }

    /// Whether it stands for `path`, which is absolute.
    func matches(_ path: String) -> Bool {
        let names = path.utf8.split(separator: UInt8(ascii: "/"))
        return names.count == components.count
            && zip(components, names).allSatisfy { $0.matches(String(decoding: $1, as: UTF8.self)) }
    }

    struct Component {
        let bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }

        var isPattern: Bool { bytes.contains { "*?[".utf8.contains($0) } }

        func matches(_ name: String) -> Bool {
            let name = Array(name.utf8)
            // A leading dot is matched by a dot alone.
            guard name.first != UInt8(ascii: ".") || bytes.first == UInt8(ascii: ".") else { return false }
            return Self.matches(name[...], bytes[...])
        }

        private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
            guard let first = pattern.first else { return name.isEmpty }
            let rest = pattern.dropFirst()
            switch first {
            case UInt8(ascii: "*"):
                return (name.startIndex...name.endIndex).contains { matches(name[$0...], rest) }
            case UInt8(ascii: "?"):
                return !name.isEmpty && matches(name.dropFirst(), rest)
            case UInt8(ascii: "["):
                guard let (set, isNegated, behind) = set(rest) else { break }
                guard let byte = name.first, set.contains(byte) != isNegated else { return false }
                return matches(name.dropFirst(), behind)
            default: break
            }
            return name.first == first && matches(name.dropFirst(), rest)
        }

        /// What `[` begins: its bytes, whether they are those that are not meant, and what follows; `nil` without a `]`.
        private static func set(_ pattern: ArraySlice<UInt8>) -> (Set<UInt8>, Bool, ArraySlice<UInt8>)? {
            var rest = pattern
            let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
            if isNegated { rest = rest.dropFirst() }
            var set: Set<UInt8> = []
            var isFirst = true
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "]"), !isFirst { return (set, isNegated, rest) }
                isFirst = false
                if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first, end != UInt8(ascii: "]") {
                    rest = rest.dropFirst(2)
                    if byte <= end { set.formUnion(byte...end) }
                } else {
                    set.insert(byte)
                }
            }
            return nil
        }
    }
}
