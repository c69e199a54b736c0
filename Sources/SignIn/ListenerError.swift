internal import Encodings
internal import Foundation
internal import NIOCore

/// Why nothing could be listened on for the browser to come back to.
public enum ListenerError: Error, Equatable, Sendable {
    /// An empty list was given.
    case noRedirectURI
    /// Each redirect URI that was tried, in turn, with why it could not be had.
    case nothingFree([BindFailure])
}

/// A redirect URI that could not be listened on.
public struct BindFailure: Error, Equatable, Sendable {
    /// What was tried.
    public let redirectURI: RedirectURI
    /// Why it could not be had.
    public let defect: BindDefect
}

/// Why an address and port could not be listened on.
public enum BindDefect: Error, Equatable, Sendable {
    /// Another program listens on the port, or for `localhost` on that of the other family: EADDRINUSE.
    case taken
    /// The port is kept for the administrator: EACCES, EPERM.
    case notPermitted
    /// This machine does not have the address, as where IPv6 is off: EADDRNOTAVAIL, EAFNOSUPPORT.
    case noSuchAddress
    /// Any other, by its errno, 0 where it has none, and in the system's words.
    case other(code: Int32, detail: String)

    init(_ error: any Error) {
        guard let code = (error as? IOError)?.errnoCode else {
            self = .other(code: 0, detail: "\(error)")
            return
        }
        self =
            switch POSIXErrorCode(rawValue: code) {
            case .EADDRINUSE: .taken
            case .EACCES, .EPERM: .notPermitted
            case .EADDRNOTAVAIL, .EAFNOSUPPORT: .noSuchAddress
            default: .other(code: code, detail: "\(error)")
            }
    }
}

extension ListenerError: CustomStringConvertible {
    /// What was tried and why it failed, without a full stop.
    public var description: String {
        switch self {
        case .noRedirectURI: "a redirect URI expected, none found"
        case .nothingFree(let failures):
            "nothing to listen on for the browser: " + failures.map(\.description).joined(separator: "; ")
        }
    }

    /// What to do about it, in full sentences.
    public var advice: String? {
        switch self {
        case .noRedirectURI: "Name at least one in the provider's redirect_uris, or leave redirect_uris out."
        case .nothingFree(let failures):
            BindAdvice.allCases.filter { advice in failures.contains { $0.defect.advice == advice } }
                .map(\.rawValue).joined(separator: " ")
        }
    }
}

extension BindFailure: CustomStringConvertible {
    /// Where and why, without a full stop.
    public var description: String { "\(redirectURI): \(defect)" }
}

extension BindDefect: CustomStringConvertible {
    /// Why, without a full stop.
    public var description: String {
        switch self {
        case .taken: "another program has the port (EADDRINUSE)"
        case .notPermitted: "this user may not have the port (EACCES)"
        case .noSuchAddress: "this machine does not have the address (EADDRNOTAVAIL)"
        case .other(let code, let detail): "error \(code): \(quoted(detail))"
        }
    }

    fileprivate var advice: BindAdvice {
        switch self {
        case .taken: .taken
        case .notPermitted: .notPermitted
        case .noSuchAddress: .noSuchAddress
        case .other: .other
        }
    }
}

/// What to do, once however many redirect URIs failed alike.
private enum BindAdvice: String, CaseIterable {
    case taken = """
        End the program that has the port (ss -ltnp names it), or register one more redirect URI at the provider and \
        add it to redirect_uris.
        """
    case notPermitted = "Register a redirect URI with a port above 1023."
    case noSuchAddress = "Register a redirect URI with 127.0.0.1."
    case other = "Try again, or use --no-browser, which listens on nothing."
}
