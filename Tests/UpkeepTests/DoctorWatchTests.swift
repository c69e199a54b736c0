// What a doctor says of the watch of a policy in etcd where nothing is wrong, and how it reads systemd.

import Encodings
import Policy
import Testing

@testable import Upkeep

@Suite("a watch, as a doctor sees it")
struct DoctorWatchTests {
    struct Quiet: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String?
        let change: @Sendable (inout HostFacts) -> Void
        var testDescription: String { name }
    }

    private static let quiet = [
        Quiet(
            name: "off", text: "the policy in etcd is not followed, what is published comes with the next refresh only"
        ) {
            DoctorTests.watch(&$0, .off)
        },
        Quiet(name: "no unit", text: "the policy in etcd is not followed") { DoctorTests.watch(&$0, .missing) },
        Quiet(name: "no systemd", text: nil) {
            DoctorTests.watch(&$0, .off)
            $0.watch = nil
        },
        Quiet(name: "running", text: "pair-policy-watch.service follows the policy in etcd") {
            DoctorTests.watch(&$0, .running)
        },
        Quiet(name: "well for long", text: "pair-policy-watch.service follows the policy in etcd") {
            DoctorTests.watch(&$0, .running, said: "pair: policy 42 is applied", ago: 86_400, isWell: true)
        },
        Quiet(name: "in trouble for a moment", text: "pair-policy-watch.service follows the policy in etcd") {
            DoctorTests.watch(&$0, .running, said: "pair: the watch is over", ago: 119)
        },
        Quiet(name: "off, where none is needed", text: nil) { DoctorTests.watch(&$0, .off, source: "") },
        Quiet(name: "a policy that is nearly overdue", text: nil) { DoctorTests.overdue(&$0, by: 899) },
    ]

    @Test("what is well is told as such", arguments: quiet)
    func well(_ row: Quiet) throws {
        var facts = try SampleHost.facts()
        row.change(&facts)
        let lines = Diagnosis(of: facts).lines
        #expect(lines.filter { $0.verdict != .ok } == [])
        let told = lines.filter { $0.check == .refresh }.map(\.text).dropFirst()
        #expect(told.count == (row.text == nil ? 0 : 1))
        if let text = row.text { #expect(told.first?.hasPrefix(text) == true, "\(told)") }
    }

    private static let shown: [(String, WatchFacts.Service)] = [
        ("LoadState=not-found\nUnitFileState=\nActiveState=inactive\nSubState=dead\nExecMainStatus=0\n", .missing),
        ("", .missing),
        ("LoadState=loaded\nUnitFileState=disabled\nActiveState=inactive\nSubState=dead\nExecMainStatus=0\n", .off),
        ("LoadState=loaded\nUnitFileState=enabled\nActiveState=inactive\nSubState=dead\nExecMainStatus=0\n", .stopped),
        (
            "LoadState=loaded\nUnitFileState=enabled-runtime\nActiveState=inactive\nSubState=dead\nExecMainStatus=0\n",
            .stopped
        ),
        (
            "LoadState=loaded\nUnitFileState=disabled\nActiveState=active\nSubState=running\nExecMainStatus=0\n",
            .running
        ),
        (
            "LoadState=loaded\nUnitFileState=enabled\nActiveState=activating\nSubState=auto-restart\nExecMainStatus=139\n",
            .restarting(status: 139)
        ),
        (
            "LoadState=loaded\nUnitFileState=enabled\nActiveState=failed\nSubState=failed\nExecMainStatus=3\n",
            .failed(status: 3)
        ),
        ("LoadState=masked\nUnitFileState=masked\nActiveState=inactive\nSubState=dead\nExecMainStatus=0\n", .off),
    ]

    @Test("what systemctl shows is a state", arguments: shown)
    func reading(_ text: String, _ service: WatchFacts.Service) {
        #expect(WatchFacts.service(shown: text) == service)
    }
}
