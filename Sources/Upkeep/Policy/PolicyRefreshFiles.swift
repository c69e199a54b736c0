internal import Encodings
public import HostFiles
public import Policy

extension PolicyRefresh {
    enum Place {
        case policy, state
    }

    /// The folder of the policy, and the policy's name there.
    private var place: (folder: String, name: String) { PolicySource.place(of: path) }

    var name: String { place.name }

    var stateName: String { "\(place.name).json" }

    func makeFolders() throws(PolicyRefreshError) {
        do throws(FileFault) {
            for path in [place.folder, "\(place.folder)/\(RefreshState.folder)"] { try makeFolder(path, mode: 0o755) }
        } catch {
            throw .file(error)
        }
    }

    /// The folder of the policy, or the one in it where state and lock are.
    func folder(of place: Place) throws(PolicyRefreshError) -> OpenFolder {
        let folder = self.place.folder
        do throws(FileFault) {
            return try OpenFolder(
                place == .policy ? folder : "\(folder)/\(RefreshState.folder)", ownedBy: ownership)
        } catch {
            throw .file(error)
        }
    }

    /// The lock, waited for without holding up a thread.
    func lock() async throws(PolicyRefreshError) -> FileLock {
        do throws(LockFault) {
            return try await waitForLock("\(name).lock", atMost: Self.patience) { () throws(FileFault) in
                try OpenFolder("\(place.folder)/\(RefreshState.folder)", ownedBy: ownership)
            }
        } catch {
            switch error {
            case .file(let fault): throw .file(fault)
            case .held(let path): throw .locked(path)
            }
        }
    }

    /// The state; an empty one where there is none, or none that is of use.
    func state(in folder: borrowing OpenFolder) throws(PolicyRefreshError) -> RefreshState {
        do throws(FileFault) {
            return try RefreshState(stateName, of: source.name, in: folder, ownedBy: ownership)
                ?? RefreshState(issuer: source.name)
        } catch {
            throw .file(error)
        }
    }

    func write(_ state: RefreshState, in folder: borrowing OpenFolder) throws(PolicyRefreshError) {
        do throws(FileFault) {
            try folder.replace(stateName, with: state.file, mode: 0o644)
        } catch {
            throw .file(error)
        }
    }
}

extension PolicySource {
    /// The folder that a path leads into, and the name there.
    static func place(of path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        return (
            slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.utf8.index(after: slash)...])
        )
    }
}

extension RefreshState {
    /// The state of a host's policy as the last refresh left it; `nil` where there is none that can be used.
    /// - Parameters:
    ///   - source: Of pair.toml.
    ///   - configuration: pair.toml.
    ///   - ownership: Who may have written it.
    public init?(of source: PolicySource, under configuration: Configuration, ownedBy ownership: Ownership) {
        let (path, name) = PolicySource.place(of: configuration.resolve(source.file))
        guard let folder = try? OpenFolder("\(path)/\(RefreshState.folder)", ownedBy: ownership),
            let state = try? RefreshState("\(name).json", of: source.name, in: folder, ownedBy: ownership)
        else { return nil }
        self = state
    }
}

/// When a policy is asked for: more often than keys are, for somebody may have been removed.
enum PolicySchedule {
    /// Its longest age is of no concern here, but for how long failures are waited out: an hour at most.
    static let schedule = RefreshSchedule(maximumAge: Seconds(3 * 3600))

    /// When to ask again after a success; a minute where the server does not say.
    static func next(after asked: UnixTime, freshFor: Seconds?, chance: Double) -> UnixTime {
        let span = min(max(freshFor ?? Seconds(60), Seconds(60)), schedule.longest)
        return asked + Seconds(span.count - Int64(Double(span.count) * 0.1 * min(max(chance, 0), 1)))
    }
}
