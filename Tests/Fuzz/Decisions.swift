import Decision
import Encodings
import Foundation
import Policy
import SSHKeys

@testable import TestSupport

// The whole decision: no line unless every check passes on the slow path too, and then that very line.

extension Target {
    static let decisions = [
        Target(name: "decision", seeds: { $0.sections.map { [$0] } ?? [] }, run: decision),
        Target(name: "login-recipe", seeds: { _ in LoginRecipe.seeds }, run: loginRecipe),
    ]

    private static func decision(_ bytes: [UInt8]) {
        guard let login = Case(sections: bytes) else { return }
        judge(login, isWhole: false)
    }

    /// The good logins, of which a recipe that changes nothing is one: if they are refused, all else is worth nothing.
    private static let goodLogins = LoginRecipe.good.filter { judge(LoginRecipe($0).made, isWhole: true) }.count

    private static func loginRecipe(_ bytes: [UInt8]) {
        expect(
            goodLogins == LoginRecipe.good.count, "\(goodLogins) of \(LoginRecipe.good.count) good logins are accepted")
        let recipe = LoginRecipe(bytes)
        let login = recipe.made
        let isAccepted = judge(login, isWhole: true)
        expect(isAccepted || recipe.isAltered, "a good login is refused: \(login.decided().outcome)")
    }

    /// Nobody is kept out who may enter.
    private static func expectDoubt(_ decision: Decision, _ login: Case, _ host: Configuration) {
        guard let line = try? SlowPath(login, host: host).line() else { return }
        fail("\(decision.outcome), and the slow path says \(line.text)")
    }

    /// Whether there is a line, of which then all that can be known is checked.
    /// - Parameters:
    ///   - login: Who wants in, and the host's files.
    ///   - isWhole: Whether its formats are kept to; of those that are not, the slow path takes some that we refuse, such as
    ///     JSON with a comma too many.
    /// - Returns: Whether the key was accepted.
    @discardableResult
    private static func judge(_ login: Case, isWhole: Bool) -> Bool {
        guard let host = login.rememberedConfiguration else { return false }
        let files = login.files(under: host)
        let decision = login.decided(with: files, under: host, isExplained: true)
        for check in decision.checks { expect(check.detail.isPlain, "a check says \(check.detail)") }
        if case .refused(let refusal) = decision.outcome { expect(refusal.detail.isPlain, refusal.detail) }
        Tally.count(decision)
        guard let line = decision.line else {
            if isWhole, case .refused = decision.outcome { expectDoubt(decision, login, host) }
            return false
        }
        let slow: SlowPath.Line
        do {
            slow = try SlowPath(login, host: host).line()
        } catch {
            fail("a line, and the slow path lets nobody in: \(error)\n\(line.text)")
        }
        let bytes = Array(line.text.utf8)
        expect(!bytes.contains { $0 < 0x20 || $0 == 0x7F }, "a control character on the line")
        // Only what the admin wrote may be other than ASCII: a command.
        let isPlain = slow.options.allSatisfy { ($0.value ?? []).allSatisfy { $0 < 0x80 } }
        expect(!isPlain || bytes.allSatisfy { $0 < 0x80 }, "letters on the line that nobody configured")
        guard let parsed = try? AuthorizedKey(line: bytes) else { fail("no line of authorized_keys: \(line.text)") }
        let options = parsed.options.map { option in
            SlowPath.Line.Option(name: option.name, value: option.value.map { Array($0.utf8) })
        }
        expect(options == slow.options, "\(line.text)\nby the slow path: \(slow.text)")
        expect(parsed.blob == slow.key, "another key on the line")
        expect((try? SlowKey(parsed.blob))?.type == parsed.type && parsed.comment.isEmpty, "another type, or a comment")
        return true
    }
}

extension SlowPath.Line {
    var text: String {
        options.map { $0.name + ($0.value.map { "=" + quoted($0) } ?? "") }.joined(separator: ",")
    }
}

/// How often inputs came through, told at the end: a target that never comes to a line proves little.
enum Tally {
    nonisolated(unsafe) private static var decisions = 0
    nonisolated(unsafe) private static var lines = 0
    nonisolated(unsafe) private static var reasons: [String: Int] = [:]

    static func count(_ decision: Decision) {
        // libFuzzer has one thread.
        unsafe decisions += 1
        if decision.line != nil { unsafe lines += 1 }
        unsafe reasons[decision.line == nil ? decision.expectation : "accepted", default: 0] += 1
    }

    /// Written when libFuzzer ends.
    static func tell() {
        guard unsafe decisions > 0 else { return }
        let sorted = unsafe reasons.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }
        let text = unsafe "lines: \(lines) of \(decisions)\nreasons: \(sorted.joined(separator: ", "))\n"
        FileHandle.standardError.write(Data(text.utf8))
    }
}

// MARK: - A fixture as one row of bytes

extension Case {
    /// The files, pair.toml being parsed once.
    fileprivate func files(under host: Configuration) -> MemoryFiles {
        MemoryFiles(
            configuration: host, members: members, accounts: accounts, revoked: revoked, keySets: keySets,
            groups: groups, policy: policy, now: now)
    }

    /// No bytes of UTF-8.
    private static let mark: [UInt8] = [0xFF, 0xFE]
    private static let end: [UInt8] = [0xFF, 0xFD]

    /// What all rests on, each part free to grow; the key last, as it is inside its base64.
    var sections: [UInt8]? {
        guard let blob = Base64.standard.decode(key) else { return nil }
        let request = "\(login.string)\n\(uid.map { String($0) } ?? "")\n\(keyType?.string ?? "")\n\(now.seconds)"
        var parts = [Array(request.utf8), toml, members ?? [], accounts ?? [], revoked ?? []]
        for (name, keys) in keySets.sorted(by: { $0.key < $1.key }) { parts.append(Array("\(name)\n".utf8) + keys) }
        return Array(parts.joined(separator: Case.mark)) + Case.end + blob
    }

    init?(sections bytes: [UInt8]) {
        let data = Data(bytes)
        guard let end = data.range(of: Data(Case.end)) else { return nil }
        var parts: [[UInt8]] = []
        var rest = data[..<end.lowerBound]
        while let mark = rest.range(of: Data(Case.mark)) {
            parts.append(Array(rest[..<mark.lowerBound]))
            rest = rest[mark.upperBound...]
        }
        parts.append(Array(rest))
        guard parts.count >= 5 else { return nil }
        let request = parts[0].split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard request.count == 4, let now = Int64(String(decoding: request[3], as: UTF8.self)) else { return nil }
        let key = Base64.standard.encode(data[end.upperBound...])
        func file(_ index: Int) -> [UInt8]? { parts[index].isEmpty ? nil : parts[index] }
        self.init(
            toml: parts[1], members: file(2), accounts: file(3), revoked: file(4),
            groups: ["root": .success(.member)], login: Text(String(decoding: request[0], as: UTF8.self)),
            uid: UInt32(String(decoding: request[1], as: UTF8.self)), key: Array(key.utf8),
            keyType: request[2].isEmpty ? nil : Text(String(decoding: request[2], as: UTF8.self)),
            now: UnixTime(seconds: now))
        for set in parts.dropFirst(5) {
            let name = set.prefix { $0 != 0x0A }
            keySets[String(decoding: name, as: UTF8.self)] = Array(set.dropFirst(name.count + 1))
        }
    }
}
