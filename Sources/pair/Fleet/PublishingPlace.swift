import Encodings
import Etcd
import Fleet
import Foundation
import HTTP
import HostFiles
import Policy
import Upkeep

/// A policy that is to be published.
struct Publication {
    let bytes: [UInt8]
    let serial: UInt64
    /// Whose policies count; `nil` for anybody's.
    let allowed: AllowedSigners?

    /// Compares it with what is there.
    /// - Returns: The serial of what is there, and whether it is this very policy; `nil` where that does not count.
    func check(against present: [UInt8], at place: String) throws -> (serial: UInt64, isSame: Bool)? {
        let bundle: PolicyBundle
        do {
            let signed = try SignedPolicy(parsing: present)
            bundle = try PolicyBundle(parsing: signed.text)
            if let allowed {
                _ = try allowed.principals(of: signed.signature, at: now())
                try signed.signature.verify(over: signed.text)
            }
        } catch {
            if allowed != nil { return nil }
            throw Failure(
                description: "\(place): what is there is no signed policy: \(error)",
                advice: "Name another place, or pass --allowed-signers, by which what counts is known.")
        }
        if present == bytes { return (bundle.serial, true) }
        guard serial > bundle.serial else {
            throw Failure(
                description: "\(place): a serial above \(bundle.serial) expected, which is published, \(serial) found",
                advice: "Build it with a higher serial, and sign it again; for an older content: pair fleet rollback.")
        }
        return (bundle.serial, false)
    }
}

/// Where hosts fetch their policy.
enum PublishingPlace {
    case file(String)
    case web(WebAddress, headers: [String: String])
    case etcd(EtcdPlace)

    /// A file's or a web server's.
    init(_ text: String, headers: [String: String]) throws {
        if text.contains("://") {
            self = .web(try WebAddress(Text(text)), headers: headers)
        } else {
            self = .file(text)
        }
    }

    /// Publishes a policy in place of one with a lower serial.
    /// - Returns: The serial of what was there; `nil` where nothing was.
    func publish(_ publication: Publication) async throws -> UInt64? {
        switch self {
        case .file(let path): try Self.replace(path, with: publication)
        case .web(let address, let headers): try await Self.put(publication, at: address, headers)
        case .etcd(let place): try await Self.put(publication, in: place)
        }
    }

    // MARK: - A file

    private static func replace(_ path: String, with publication: Publication) throws -> UInt64? {
        let url = URL(fileURLWithPath: path)
        let (folder, name) = (url.deletingLastPathComponent().path, url.lastPathComponent)
        let lock = try FileLock(
            ".\(name).lock", in: OpenFolder(folder, ownedBy: .any), waitingFor: .seconds(10))
        let file = PolicyFile(path: path)
        let before = try file.readIfThere().flatMap { try publication.check(against: $0, at: shown(path)) }
        if before?.isSame != true { try file.replace(with: publication.bytes) }
        try lock.delete()
        return before?.serial
    }

    // MARK: - A web server

    private static func put(
        _ publication: Publication, at address: WebAddress, _ headers: [String: String]
    ) async throws -> UInt64? {
        let http = HTTPClient(
            userAgent: "pair/\(Pair.version)", timeout: Seconds(60), maximumBody: AppliedPolicy.maximumCount)
        let present = try await get(address, headers, by: http)
        let before = try present.flatMap { try publication.check(against: $0.body, at: "\(address.withoutQuery)") }
        if let before, before.isSame { return before.serial }
        var conditions: [String: String] = [:]
        if present == nil { conditions["If-None-Match"] = "*" }
        // A weak tag compares with nothing (RFC 9110 §13.1.1).
        if let tag = present?.entityTag, tag.utf8.first == UInt8(ascii: "\"") { conditions["If-Match"] = tag.string }
        let answer = try await send(
            .put(address, body: publication.bytes, headers: headers.merging(conditions) { $1 }), by: http)
        guard answer.isSuccess else { throw refusal(of: answer, at: address) }
        guard try await get(address, headers, by: http)?.body == publication.bytes else {
            throw Failure(
                description: "\(address.withoutQuery): the policy was taken, and something else is served",
                advice: "A cache may be on the way, or somebody published at the same time: look there, and try again.")
        }
        return before?.serial
    }

    /// What is there now; `nil` for nothing.
    private static func get(
        _ address: WebAddress, _ headers: [String: String], by http: HTTPClient
    ) async throws -> HTTPResponse? {
        let headers = headers.merging(["Cache-Control": "no-cache"]) { $1 }
        let answer = try await send(.get(address, headers: headers), by: http)
        if answer.status == 404 { return nil }
        guard answer.status == 200 else {
            throw Failure(
                description: "\(address.withoutQuery): status 200 or 404 expected, \(answer.status) found",
                advice: "What is published cannot be looked at; --headers may have to say who you are.")
        }
        return answer
    }

    /// Sends a request; without an answer it is told what to do about that.
    private static func send(_ request: HTTPRequest, by http: HTTPClient) async throws -> HTTPResponse {
        do throws(HTTPError) {
            return try await http.send(request)
        } catch {
            throw Failure(description: error.description, advice: error.advice)
        }
    }

    // MARK: - etcd

    /// For how long members are asked.
    private static let patience = Duration.seconds(30)

    private static func put(_ publication: Publication, in place: EtcdPlace) async throws -> UInt64? {
        let etcd = PolicyPublication(client: try place.client(), prefix: place.prefix)
        let deadline = ContinuousClock.now + patience
        let present = try await etcd.current(until: deadline)
        let key = FleetKeys(prefix: place.prefix).policy
        let before = try present.text.flatMap {
            try publication.check(against: $0, at: "\(PolicyPlace.etcd(key: key))")
        }
        // Also where the policy is there: its serial may not be.
        _ = try await etcd.publish(publication.bytes, serial: publication.serial, until: deadline)
        return before?.serial
    }
}

extension PublishingPlace {
    private static func refusal(of answer: HTTPResponse, at address: WebAddress) -> Failure {
        let place = "\(address.withoutQuery)"
        return switch answer.status {
        case 409, 412:
            Failure(
                description: "\(place): another policy was published at the same time",
                advice: "Look at it (pair fleet verify), and publish again with a higher serial.")
        case 401, 403:
            Failure(
                description: "\(place): not allowed to publish there (status \(answer.status))",
                advice: "Say who you are by --headers, or correct the rights there.")
        default:
            Failure(
                description: "\(place): status 200, 201 or 204 expected, \(answer.status) found",
                advice: "See that the server takes PUT there.")
        }
    }
}
