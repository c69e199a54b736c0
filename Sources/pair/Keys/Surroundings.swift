import Encodings
import Foundation
import HTTP
import KeyStore
import SignIn

/// What a command about a person's Keys finds around it.
struct Surroundings {
    let environment: [String: String]
    let terminal: Terminal

    init(isQuiet: Bool = false) {
        environment = ProcessInfo.processInfo.environment
        terminal = Terminal(isQuiet: isQuiet, environment: environment)
    }

    /// How providers are asked; sooner given up where somebody waits who could do without.
    func http(isUrgent: Bool = false) -> HTTPClient {
        let agent = "pair/\(Pair.version)"
        guard isUrgent else { return HTTPClient(userAgent: agent) }
        return HTTPClient(userAgent: agent, timeout: Seconds(3), connectTimeout: Seconds(2))
    }

    /// The person's Keys.
    func store() throws -> KeyStore {
        guard let folder = KeyStore.folder(environment: environment) else { throw Failure.noHome }
        return KeyStore(folder: folder)
    }

    /// The person's providers; none where no file says any.
    func configuration() throws -> ClientConfiguration {
        guard let path = ClientConfiguration.path(environment: environment) else { throw Failure.noHome }
        // Not by HostFiles: people keep such files behind links.
        guard let data = FileManager.default.contents(atPath: path) else {
            if FileManager.default.fileExists(atPath: path) { throw Failure.unreadable(path) }
            return ClientConfiguration(emptyAt: path)
        }
        guard data.count <= ClientConfiguration.maximumCount else { throw Failure.tooLarge(path) }
        return try ClientConfiguration(parsing: Array(data), file: path)
    }
}

extension KeyStore {
    /// The names of the person's Keys, for the shell to complete.
    @Sendable static func completions(_: [String], _: Int, _: String) -> [String] {
        let store = folder(environment: ProcessInfo.processInfo.environment).map { KeyStore(folder: $0) }
        return (try? store?.names()) ?? []
    }
}

/// This machine's clock.
func now() -> UnixTime { UnixTime(seconds: Int64(Date().timeIntervalSince1970.rounded(.down))) }

extension Failure {
    fileprivate static let noHome = Failure(
        description: "HOME is not set, so there is no place for Keys and configuration",
        advice: "Set HOME to your home directory.")

    fileprivate static func unreadable(_ path: String) -> Failure {
        Failure(description: "\(quoted(path)): cannot be read", advice: "See that it is a file that you may read.")
    }

    fileprivate static func tooLarge(_ path: String) -> Failure {
        Failure(
            description: "\(quoted(path)): larger than \(ClientConfiguration.maximumCount) bytes",
            advice: "See that it is the configuration of pair.")
    }
}
