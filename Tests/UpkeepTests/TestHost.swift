// A host with one provider of its own at the server, in a folder that pair-authkeys would read from.

import Encodings
import Foundation
import Glibc
import HTTP
import HostFiles
import Policy
import Synchronization
import Testing

@testable import Upkeep

/// A host whose clock stands still; its folder is removed with it.
final class TestHost: Sendable {
    static let start = UnixTime(seconds: 1_795_348_800)

    let folder: String
    /// What the provider is called at the server; in pair.toml it is `idp`.
    let name = "p\(UInt64.random(in: .min ... .max))"
    let server: Server
    let clock = Mutex(TestHost.start)
    let poke = Mutex<Poke?>(nil)
    /// How long was waited, each time.
    let pauses = Mutex<[Seconds]>([])
    private let isMounted: Bool

    static var ownership: Ownership { geteuid() == 0 ? .root : .rootOrSelf }

    /// Root's home, or ours: every folder above must be writable by nobody else.
    private static let base = geteuid() == 0 ? "/root" : NSHomeDirectory()

    // `megabytes` are of a file system of the folder's own; root only.
    init(megabytes: Int? = nil) throws {
        server = try Server.current
        folder = "\(Self.base)/pair-upkeep-\(UUID())"
        isMounted = megabytes != nil
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        if let megabytes {
            try #require(unsafe mount("tmpfs", folder, "tmpfs", 0, "mode=755,size=\(megabytes)m") == 0)
        }
        try configure()
    }

    deinit {
        if isMounted { _ = unsafe umount2(folder, CInt(MNT_DETACH)) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    var issuer: Text { Text("\(server.origin)/\(name)") }
    var path: String { "\(folder)/pair.toml" }
    var keySet: String { "\(folder)/keysets/idp.json" }
    var state: String { "\(folder)/keysets/.refresh/idp.json" }

    func configure(_ more: String = "", issuer: Text? = nil) throws {
        let issuer = issuer ?? self.issuer
        let text = """
            space = "x"
            keysets = "keysets"
            [[provider]]
            name = "idp"
            issuer = "\(issuer.string)"
            client_ids = ["x"]
            \(more)

            """
        try write(text, to: path)
    }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    }

    func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    func mode(of path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    var names: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/keysets").sorted() }
    }

    var configuration: Configuration {
        get throws { try Configuration(parsing: read(path), file: path) }
    }

    // MARK: - What the provider does

    func serve(_ settings: [String: String]) async throws { try await server.set(name, settings) }

    func requests() async throws -> [Server.Request] { try await server.requests(of: name) }

    /// How many times its keys were asked for.
    func askedCount() async throws -> Int { try await requests().filter { $0.what == "keys" }.count }

    /// The headers of the last request for its keys.
    func lastHeaders() async throws -> [String: String] {
        try #require(try await requests().last { $0.what == "keys" }).headers
    }

    // MARK: - Refreshing

    func pass(_ seconds: Int64) { clock.withLock { $0 = $0 + Seconds(seconds) } }

    var surroundings: KeySetRefresh.Surroundings {
        KeySetRefresh.Surroundings(
            now: { self.clock.withLock { $0 } }, poke: { self.poke.withLock { $0 } }, chance: { 0 },
            pause: { span in
                self.pauses.withLock { $0.append(span) }
                self.pass(span.count)
            })
    }

    /// Refreshes, with this host's clock; `timeout` is for each request.
    @discardableResult
    func refresh(_ terms: RefreshTerms = RefreshTerms(), timeout: Int64 = 20) async throws -> ProviderRefresh {
        let configuration = try configuration
        let refresh = KeySetRefresh(
            of: configuration, ownedBy: Self.ownership, by: server.client(timeout: timeout), in: surroundings)
        let refreshed = await refresh.refresh(configuration.providers, on: terms)
        return try #require(refreshed.first)
    }
}
