import ArgumentParser
import Encodings
import Fleet
import Foundation
import HTTP
import HostFiles
import Policy
import Upkeep

extension FleetCommand {
    /// `pair fleet publish`: a signed policy to where hosts fetch it.
    struct Publish: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a signed policy where hosts fetch it.",
            discussion: """
                What is there is looked at first: a policy whose serial is not higher than that is not published, for no host \
                would take it. A file is replaced in one step. To an https address the policy is PUT, under the condition that \
                what was looked at is still there (If-Match), where the server names it by an ETag; then it is fetched again \
                and compared.

                With --allowed-signers the policy must be one that hosts would apply by them, and what is there counts only \
                where it was signed by one of them: anything else is replaced.

                What the server wants to be told besides, such as Authorization, stands in the file of --headers, a line for \
                each, and never on the command line.
                """)

        @Argument(help: ArgumentHelp("What `pair fleet sign` made.", valueName: "file"))
        var file = "policy.signed"

        @Option(help: ArgumentHelp("Where hosts fetch it: a file, or an https address.", valueName: "place"))
        var to: String

        @Option(help: ArgumentHelp("Who may sign, as ssh-keygen(1) has it.", valueName: "file"))
        var allowedSigners: String?

        @Option(help: ArgumentHelp("Headers to send, each on a line: NAME: VALUE.", valueName: "file"))
        var headers: String?

        @Flag(help: "One JSON object: serial, created, expires, lines of each file, to, before.")
        var json = false

        func run() throws {
            try reporting {
                let published = try PolicyFile(path: file).read()
                let signed = try SignedPolicy(parsing: published)
                guard signed.signature.namespace == SignedPolicy.namespace else {
                    throw SignedPolicyError.namespace(signed.signature.namespace)
                }
                try signed.signature.verify(over: signed.text)
                let bundle = try PolicyBundle(parsing: signed.text)
                guard now() < bundle.expires else { throw SignedPolicyError.expired(bundle.expires) }
                let allowed = try allowedSigners.map { path in
                    try AllowedSigners(
                        parsing: try PolicyFile(path: path).read(), secondsFromUTC: secondsFromUTC)
                }
                _ = try allowed?.principals(of: signed.signature, at: now())

                let place = try PublishingPlace(to, headers: try headerLines())
                let publication = Publication(bytes: published, serial: bundle.serial, allowed: allowed)
                let before = try place.publish(publication)
                var object = FleetText.json(of: bundle)
                object.add("to", to)
                if let before { object.add("before", .integer(Int64(clamping: before))) }
                let behind = before.map { $0 == bundle.serial ? ", which was there already" : ", after \($0)" } ?? ""
                print(
                    json
                        ? String(decoding: JSON.object(object).encoded, as: UTF8.self)
                        : "\(shown(to)): \(FleetText.summary(of: bundle))\(behind)")
            }
        }

        private func headerLines() throws -> [String: String] {
            guard let headers else { return [:] }
            var result: [String: String] = [:]
            let text = String(decoding: try HostFile(headers, ownedBy: .any).read(limit: 64 << 10), as: UTF8.self)
            for (index, line) in text.split(separator: "\n").enumerated() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else {
                    throw Failure(
                        description: "\(shown(headers)):\(index + 1): NAME: VALUE expected", advice: "Correct it there."
                    )
                }
                result[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces)
            }
            return result
        }
    }
}

/// A policy that is to be published.
private struct Publication {
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
private enum PublishingPlace {
    case file(String)
    case web(WebAddress, headers: [String: String])

    init(_ text: String, headers: [String: String]) throws {
        if text.contains("://") {
            self = .web(try WebAddress(Text(text)), headers: headers)
        } else {
            self = .file(text)
        }
    }

    /// Publishes a policy in place of one with a lower serial.
    /// - Returns: The serial of what was there; `nil` where nothing was.
    func publish(_ publication: Publication) throws -> UInt64? {
        switch self {
        case .file(let path): try Self.replace(path, with: publication)
        case .web(let address, let headers): try Self.put(publication, at: address, headers)
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
    ) throws -> UInt64? {
        let http = HTTPClient(
            userAgent: "pair/\(Pair.version)", timeout: Seconds(60), maximumBody: AppliedPolicy.maximumCount)
        let present = try get(address, headers, by: http)
        let before = try present.flatMap { try publication.check(against: $0.body, at: "\(address.withoutQuery)") }
        if let before, before.isSame { return before.serial }
        var conditions: [String: String] = [:]
        if present == nil { conditions["If-None-Match"] = "*" }
        // A weak tag compares with nothing (RFC 9110 §13.1.1).
        if let tag = present?.entityTag, tag.utf8.first == UInt8(ascii: "\"") { conditions["If-Match"] = tag.string }
        let answer = try send(
            .put(address, body: publication.bytes, headers: headers.merging(conditions) { $1 }), by: http)
        guard answer.isSuccess else { throw refusal(of: answer, at: address) }
        guard try get(address, headers, by: http)?.body == publication.bytes else {
            throw Failure(
                description: "\(address.withoutQuery): the policy was taken, and something else is served",
                advice: "A cache may be on the way, or somebody published at the same time: look there, and try again.")
        }
        return before?.serial
    }

    /// What is there now; `nil` for nothing.
    private static func get(
        _ address: WebAddress, _ headers: [String: String], by http: HTTPClient
    ) throws -> HTTPResponse? {
        let answer = try send(.get(address, headers: headers.merging(["Cache-Control": "no-cache"]) { $1 }), by: http)
        if answer.status == 404 { return nil }
        guard answer.status == 200 else {
            throw Failure(
                description: "\(address.withoutQuery): status 200 or 404 expected, \(answer.status) found",
                advice: "What is published cannot be looked at; --headers may have to say who you are.")
        }
        return answer
    }

    /// Sends a request; without an answer it is told what to do about that.
    private static func send(_ request: HTTPRequest, by http: HTTPClient) throws -> HTTPResponse {
        do throws(HTTPError) {
            return try http.sendAndWait(request)
        } catch {
            throw Failure(description: error.description, advice: error.advice)
        }
    }

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
