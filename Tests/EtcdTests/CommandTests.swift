import Foundation
import Testing

@testable import Etcd

extension EtcdClusterTests {
    /// `pair host watch` and `pair fleet status`, as they were built beside the tests.
    @Suite(.enabled(if: Cluster.pairProgram != nil || Cluster.mustRun, "pair was not built beside the tests"))
    struct Commands {
        /// Runs `script` with what it needs in the environment, in a folder of its own.
        private func run(_ script: String) throws -> String {
            let cluster = try Cluster.current
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-command-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let prefix = """
                cd '\(folder.path)'; pair='\(try #require(Cluster.pairProgram))'
                printf '%s\\n' "${ETCDCTL_USER#*:}" >password; chmod 600 password
                # etcdctl may say there that it tries again.
                exec 2>errors; trap 'test $? = 0 || cat errors' EXIT
                prefix='\(Cluster.prefix())'
                etcd="--etcd $ETCDCTL_ENDPOINTS --etcd-ca $ETCDCTL_CACERT --etcd-user root --etcd-password-file password"
                etcd="$etcd --etcd-prefix $prefix"

                """
            return try cluster.etcdctl(prefix + script)
        }

        @Test("a host applies what is signed and refuses what is not; the status says so; both end in good order")
        func wholeWay() throws {
            let output = try run(
                #"""
                ssh-keygen -q -t ed25519 -N '' -f key
                echo "ops@example.com namespaces=\"pair-policy\" $(cat key.pub)" >allowed_signers
                printf 'space = "box"\n[[provider]]\nname = "p"\nissuer = "https://idp.example"\nclient_ids = ["a"]\n' >pair.toml
                echo 'box alice@example.com p alice' >members
                publish() {
                    "$pair" fleet build --config pair.toml --serial $1 >/dev/null
                    "$pair" fleet sign --key key policy >/dev/null 2>&1
                    printf %020d $1 | etcdctl put "${prefix}serial" >/dev/null
                    etcdctl put "${prefix}policy" <policy.signed >/dev/null
                }
                status() { "$pair" fleet status $etcd --hosts expected --json || echo "status $?"; }
                # Waits until the log has the line.
                said() { timeout 60 tail -n +1 -F log 2>/dev/null | grep -q -m 1 -x -F "pair: $1"; }
                echo web1 >expected

                publish 7
                status
                touch log
                "$pair" host watch $etcd --allowed-signers allowed_signers --file "$PWD/applied" --name web1 --space box \
                    --config pair.toml 2>>log &
                watch=$!
                said 'policy 7 is applied'
                cmp policy applied && echo same
                publish 8
                said 'policy 8 is applied'
                cmp policy applied && echo same
                publish 5
                said 'a policy was refused: policy: serial 8 or higher expected, 5 found'
                grep -x 'serial 8' applied
                publish 9
                said 'policy 9 is applied'
                # The heartbeat follows the line.
                for _ in $(seq 100); do status >last; grep -q '"serial":9' last && break; done
                sed 's/"applied.*//' last
                kill $watch
                wait $watch && echo ended
                status
                """#)
            #expect(
                output == """
                    {"published":7,"hosts":[{"host":"web1","state":"silent","problem":"says nothing"}]}
                    status 1
                    same
                    same
                    serial 8
                    {"published":9,"hosts":[{"host":"web1","state":"current","space":"box","serial":9,
                    ended
                    {"published":9,"hosts":[{"host":"web1","state":"silent","problem":"says nothing"}]}
                    status 1

                    """)
        }

        @Test(
            "what is wrong with the configuration is said, and nothing is asked",
            arguments: [
                ("", "no member is named"), ("--etcd ftp://x", "\"ftp://x\""),
                ("--etcd http://127.0.0.1:1 --etcd-user u", "\"u\""),
                ("--etcd http://127.0.0.1:1 --etcd-user u --etcd-password-file open", "others may read this password"),
                ("--etcd http://127.0.0.1:1 --timeout 0", "--timeout"),
                ("--etcd http://127.0.0.1:1 --timeout 1", "could not connect"),
            ])
        func misconfigured(_ flags: String, _ complaint: String) throws {
            let output = try run(
                "echo x >open; chmod 644 open; \"$pair\" fleet status \(flags) 2>&1 || echo \"status $?\"")
            #expect(output.contains(complaint), "\(output)")
            #expect(output.contains("status "), "\(output)")
        }
    }
}
