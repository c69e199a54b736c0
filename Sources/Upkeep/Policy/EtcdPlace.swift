public import Encodings
public import Etcd
public import HTTP
public import HostFiles
public import Policy

/// Where a fleet is in etcd, and as whom it is asked there, as somebody configured it.
public struct EtcdPlace: Sendable, Equatable {
    /// The members' client URLs.
    public let members: [Text]
    /// What the fleet's keys begin with.
    public let prefix: String
    /// The only CAs to trust, in PEM; `nil` for the system's.
    public let caFile: String?
    /// `nil` where the cluster asks for none.
    public let user: Text?
    /// The file with the user's password.
    public let passwordFile: String?

    /// What the fleet's keys begin with, unless it is said.
    public static let usualPrefix = "/pair/"

    /// A place; nothing of it is looked at yet.
    public init(members: [Text], prefix: String, caFile: String?, user: Text?, passwordFile: String?) {
        self.members = members
        self.prefix = prefix
        self.caFile = caFile
        self.user = user
        self.passwordFile = passwordFile
    }

    /// The place that a host's pair.toml names.
    public init(_ origin: EtcdOrigin, under configuration: Configuration) {
        self.init(
            members: origin.members, prefix: origin.prefix.string,
            caFile: origin.caFile.map { configuration.resolve($0) }, user: origin.user,
            passwordFile: origin.passwordFile.map { configuration.resolve($0) })
    }

    /// A client; the password is read, and nobody asked yet.
    /// - Parameters:
    ///   - userAgent: Says who we are.
    ///   - ownership: Who may have written the CA and the password; nobody else may even read the latter.
    ///   - random: From 0 up to 1, other ones each time.
    /// - Returns: One of all members.
    /// - Throws: Each case of `EtcdPlaceError`.
    public func client(
        userAgent: String, filesOwnedBy ownership: Ownership,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) throws(EtcdPlaceError) -> EtcdClient {
        EtcdClient(try settings(userAgent: userAgent, filesOwnedBy: ownership), random: random)
    }

    func settings(
        userAgent: String, filesOwnedBy ownership: Ownership
    ) throws(EtcdPlaceError) -> EtcdSettings {
        guard !members.isEmpty else { throw .noMember }
        var addresses: [WebAddress] = []
        for (index, member) in members.enumerated() {
            let address: WebAddress
            do throws(WebAddressError) {
                address = try WebAddress(member)
            } catch {
                throw .member(index + 1, error)
            }
            guard address.path == "/", address.query == nil else { throw .path(address) }
            // Whoever is on this machine may listen there while etcd does not, and would be sent the password.
            guard user == nil || address.scheme == .https else { throw .plain(address) }
            addresses.append(address)
        }
        try check(caFile, ownedBy: ownership)
        return EtcdSettings(
            members: addresses, caFile: caFile, credentials: try credentials(ownedBy: ownership),
            userAgent: userAgent)
    }

    /// Whoever could write it could be any member; libcurl, which reads it, asks for no owner.
    private func check(_ caFile: String?, ownedBy ownership: Ownership) throws(EtcdPlaceError) {
        guard let caFile else { return }
        do throws(FileFault) {
            _ = try HostFile(caFile, ownedBy: ownership).read(limit: 4 << 20)
        } catch {
            throw .caFile(error)
        }
    }

    private func credentials(ownedBy ownership: Ownership) throws(EtcdPlaceError) -> EtcdCredentials? {
        guard let user else { return nil }
        guard let passwordFile else { throw .noPasswordFile(of: user) }
        return EtcdCredentials(user: user.string, password: try password(in: passwordFile, ownedBy: ownership))
    }

    /// The file's first line.
    private func password(in path: String, ownedBy ownership: Ownership) throws(EtcdPlaceError) -> String {
        let (place, name) = PolicySource.place(of: path)
        let bytes: [UInt8]
        let mode: UInt32?
        do throws(FileFault) {
            let folder = try OpenFolder(place, ownedBy: ownership)
            bytes = try folder.read(name, limit: 4096, ownedBy: ownership)
            mode = folder.mode(of: name)
        } catch {
            throw .passwordFile(error)
        }
        guard let mode, mode & 0o077 == 0 else { throw .passwordOpen(path) }
        guard let line = Text(validating: bytes.prefix { $0 != 0x0A && $0 != 0x0D }), !line.isEmpty else {
            throw .passwordMissing(path)
        }
        return line.string
    }
}

/// Why a cluster of etcd cannot be asked, as it is configured.
public enum EtcdPlaceError: Error, Equatable, Sendable {
    case noMember
    /// Which one, from 1 on, is no address; it may hold a password, and is not shown.
    case member(Int, WebAddressError)
    /// There is more than scheme, host and port.
    case path(WebAddress)
    /// There is a user, and no TLS.
    case plain(WebAddress)
    case caFile(FileFault)
    case noPasswordFile(of: Text)
    case passwordFile(FileFault)
    /// Others may read it.
    case passwordOpen(String)
    /// Its first line is empty, or not UTF-8.
    case passwordMissing(String)
}

extension EtcdPlaceError: CustomStringConvertible {
    /// Where, what was expected and what was found, without a full stop.
    public var description: String {
        switch self {
        case .noMember: "etcd: no member is named"
        case .member(let number, let error): "etcd: member \(number): \(error)"
        case .path(let address): "etcd: \(address.origin): an address without path and query expected"
        case .plain(let address): "etcd: \(address.origin): https expected, where there is a user"
        case .caFile(let fault): fault.description
        case .noPasswordFile(let user): "etcd: no file with the password of \(quoted(user)) is named"
        case .passwordFile(let fault): fault.description
        case .passwordOpen(let path): "\(shown(path)): others may read this password"
        case .passwordMissing(let path): "\(shown(path)): a password expected"
        }
    }

    /// What to do about it, in a sentence.
    public var advice: String? {
        switch self {
        case .noMember: "Name the members' client URLs."
        case .path: "Name scheme, host and port alone; what there is of etcd is at its root."
        case .plain: "Give etcd certificates, or no users: over http whoever listens there is told the password."
        case .caFile(.missing):
            "Put the CA of etcd's certificates there, in PEM, or leave it out to have those count that the system trusts."
        case .caFile(let fault): "Do this: \(fault.mend)."
        case .member:
            "Name client URLs such as https://etcd1.example:2379; http is for this machine itself only."
        case .noPasswordFile: "Name a file with mode 0600 that holds the password."
        case .passwordFile(let fault): "Do this: \(fault.mend)."
        case .passwordOpen(let path): "Do this: chmod 0600 \(shown(path))."
        case .passwordMissing: "Write it there as one line."
        }
    }
}
