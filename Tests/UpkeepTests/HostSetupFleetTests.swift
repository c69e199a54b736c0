// Set-up and removal on a host that follows a fleet's policy.

import Encodings
import Foundation
import HostFiles
import Synchronization
import Testing

@testable import Upkeep

@Suite("set-up of a fleet's host", .enabled(if: geteuid() == 0, "needs root: files whose owners are judged"))
struct HostSetupFleetTests {
    private static let source = """
        [policy_source]
        url = "https://policy.example.com/policy"

        """
    private static let toml = """
        space = "x"
        [[provider]]
        name = "idp"
        issuer = "https://idp.example.com"
        client_ids = ["c"]

        """

    /// A host as it is before set-up, with a policy that was applied.
    private func host(hasSystemd: Bool = false) throws -> SetupHost {
        let host = try SetupHost(hasSystemd: hasSystemd)
        try makeFolder(host.places.policy, mode: 0o755)
        try write(host.places.configuration, Self.toml + Self.source)
        try write("\(host.places.policy)/allowed_signers", "ops@example.com ssh-ed25519 AAAA\n")
        try apply(on: host)
        return host
    }

    private func write(_ path: String, _ text: String) throws {
        try replaceFile(at: path, with: Array(text.utf8), mode: 0o644)
    }

    /// Puts in place what `pair host refresh` does.
    private func apply(on host: SetupHost) throws {
        for folder in ["", "/.refresh"] where !FileManager.default.fileExists(atPath: host.places.state + folder) {
            try makeFolder(host.places.state + folder, mode: 0o755)
        }
        for name in Self.applied { try write("\(host.places.state)/\(name)", "\(name)\n") }
    }

    private static let applied = ["policy", ".refresh/policy.json", ".refresh/policy.lock"]

    private func request(of host: SetupHost) -> SetupRequest {
        var request = host.request
        request.space = nil
        request.provider = nil
        request.member = nil
        return request
    }

    private func setUp(_ host: SetupHost) async throws {
        let plan = try host.setup().plan(request(of: host), administrators: [])
        _ = try await host.setup().carryOut(plan, wantsTrial: false)
    }

    /// What is in a folder, and below it.
    private func names(_ folder: String) -> [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test("set-up writes no members and leaves pair.toml as it is; the second time there is nothing to do")
    func setsUp() async throws {
        let host = try host()
        try await setUp(host)
        #expect(names(host.places.policy) == ["allowed_signers", "break-glass", "pair.toml"])
        #expect(host.contents(host.places.configuration) == Self.toml + Self.source)
        #expect(host.contents("\(host.places.sshdConfiguration).d/10-pair.conf").contains("\nMatch User deploy\n"))
        for name in Self.applied { #expect(host.contents("\(host.places.state)/\(name)") == "\(name)\n") }
        let plan = try host.setup().plan(request(of: host), administrators: [])
        #expect(plan.steps.map(\.kind) == ["key-sets"])
    }

    @Test("a member is refused there: nothing that set-up could write would let anybody in")
    func members() throws {
        let host = try host()
        var request = request(of: host)
        request.member = "alice@example.com"
        let before = try host.listing
        #expect(throws: SetupError.fleetDecides(file: host.places.configuration)) {
            try host.setup().plan(request, administrators: [])
        }
        #expect(try host.listing == before)
    }

    @Test("removal keeps the policy that was applied, and says so")
    func removes() async throws {
        let host = try host()
        try await setUp(host)
        let removal = HostRemoval(in: host.surroundings)
        let plan = try removal.plan(purge: false)
        #expect(plan.kept.contains("\(host.places.state)/policy"), "\(plan.kept)")
        #expect(try await removal.carryOut(plan, purge: false).isEmpty)
        for name in Self.applied { #expect(host.contents("\(host.places.state)/\(name)") == "\(name)\n") }
        #expect(host.contents(host.places.configuration) == Self.toml + Self.source)
        #expect(!FileManager.default.fileExists(atPath: "\(host.places.sshdConfiguration).d/10-pair.conf"))
        #expect(!FileManager.default.fileExists(atPath: host.places.cache))
    }

    @Test("with purge, too, what was there before set-up stays, the policy that was applied with it")
    func purges() async throws {
        let host = try host(hasSystemd: true)
        try write("\(host.folder)/units/pair-policy-watch.service", "")
        let before = try host.listing
        try await setUp(host)
        let removal = HostRemoval(in: host.surroundings)
        #expect(try await removal.carryOut(removal.plan(purge: true), purge: true).isEmpty)
        let after = try host.listing
        #expect(after == before, "\(after.difference(from: before))")
        #expect(!host.told.withLock { $0 }.contains { $0.contains("watch") })
    }

    @Test("where purge takes pair.toml it takes the policy, and what would write that again is stopped before")
    func purgesAll() async throws {
        let host = try SetupHost(hasSystemd: true)
        try write("\(host.folder)/units/pair-policy-watch.service", "")
        let before = try host.listing
        _ = try await host.setUp()
        try FileManager.default.removeItem(atPath: "\(host.places.policy)/members")
        try write(host.places.configuration, Self.toml + Self.source)
        try apply(on: host)
        let removal = HostRemoval(in: host.surroundings)
        let plan = try removal.plan(purge: true)
        #expect(plan.commands.last == ["systemctl", "disable", "--now", "pair-policy-watch.service"])
        #expect(try await removal.carryOut(plan, purge: true).isEmpty)
        let after = try host.listing
        #expect(after == before, "\(after.difference(from: before))")
        #expect(host.told.withLock { $0 }.contains("disable --now pair-policy-watch.service"))
    }
}
