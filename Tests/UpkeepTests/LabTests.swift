import Encodings
import Foundation
import Testing

/// `pair host refresh` at the lab's provider, beside the lab's own program for the same.
@Suite("pair host refresh at a real provider", .server, .atLab)
struct LabTests {
    private static let lab = "\(Program.repository)/Tests/Lab/lab"

    private func lab(_ arguments: String...) async throws -> String {
        let run = try await Program.run(
            [Self.lab] + arguments, environment: ["HOME": NSHomeDirectory(), "PAIR_LAB_CACHE": Lab.cache])
        try #require(run.status == 0, "\(run)")
        return run.output.trimmingCharacters(in: .newlines)
    }

    /// The file without the time, which alone differs from one program to the next.
    private func members(_ host: TestHost, _ path: String) throws -> [JSON.Object.Member] {
        let object = try #require(try JSON(parsing: host.read(path)).object)
        #expect(object["fetched_at"] != nil)
        return object.members.filter { $0.name != "fetched_at" }
    }

    @Test("what is fetched is what the lab fetches, before its keys change and after")
    func equal() async throws {
        let host = try TestHost()
        let provider = "\(host.folder)/provider"
        let issuer = try await lab("provider", "start", provider)
        do {
            try host.configure(issuer: Text(issuer))
            for state in ["fetched", "new keys", "new keys"] {
                let run = try await host.run()
                #expect(run.status == 0 && run.output.hasSuffix("  \(state)\n"), "\(run)")
                _ = try await lab("keyset", issuer, "\(host.folder)/lab.json")
                #expect(try members(host, host.keySet) == members(host, "\(host.folder)/lab.json"))
                _ = try await lab("provider", "rotate", provider)
            }
        } catch {
            _ = try await lab("provider", "stop", provider)
            throw error
        }
        _ = try await lab("provider", "stop", provider)
        #expect(try await host.run().status == 1)
    }
}

enum Lab {
    /// Where scripts/install-deps has put what the lab needs.
    static let cache =
        ProcessInfo.processInfo.environment["PAIR_LAB_CACHE"] ?? "\(NSHomeDirectory())/.cache/pair-lab"
}

extension Trait where Self == ConditionTrait {
    /// Leaves a suite out where the lab's provider cannot run; not under CI, where it must.
    static var atLab: Self {
        let python = "\(Lab.cache)/venv/bin/python"
        let isThere = FileManager.default.isExecutableFile(atPath: python)
        if !isThere { print("tests at a real provider are skipped: they need \(python), by scripts/install-deps lab") }
        return .enabled(if: isThere || ProcessInfo.processInfo.environment["CI"] == "true", "needs the lab's provider")
    }
}
