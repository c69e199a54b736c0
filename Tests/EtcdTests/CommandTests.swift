import Foundation
import Glibc
import Testing

@testable import Etcd

extension EtcdClusterTests {
    /// `pair host watch`, `pair fleet publish` and `status`, as they were built beside the tests.
    @Suite(.enabled(if: Cluster.pairProgram != nil || Cluster.mustRun, "pair was not built beside the tests"))
    struct Commands {
        /// Root's home, or ours: a host's files are in folders that nobody else can write to.
        private static let base = geteuid() == 0 ? "/root" : NSHomeDirectory()

        /// Runs `script` with what it needs in the environment, in a folder of its own.
        private func run(_ script: String) throws -> String {
            let cluster = try Cluster.current
            let folder = URL(fileURLWithPath: Self.base).appendingPathComponent("pair-command-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let prefix = """
                cd '\(folder.path)'; pair='\(try #require(Cluster.pairProgram))'
                umask 022
                printf '%s\\n' "${ETCDCTL_USER#*:}" >password; chmod 600 password
                # etcdctl may say there that it tries again.
                exec 2>errors; trap 'test $? = 0 || cat errors' EXIT
                prefix='\(Cluster.prefix())'
                cp "$ETCDCTL_CACERT" ca.pem
                members=$(echo "$ETCDCTL_ENDPOINTS" | sed 's/,/", "/g')
                cat >host.toml <<END
                space = "box"
                [policy_source]
                etcd = ["$members"]
                prefix = "$prefix"
                ca = "ca.pem"
                user = "root"
                password_file = "password"
                file = "lib/policy"
                END
                etcd="--etcd $ETCDCTL_ENDPOINTS --etcd-ca ca.pem --etcd-user root --etcd-password-file password"
                etcd="$etcd --etcd-prefix $prefix"
                ssh-keygen -q -t ed25519 -N '' -f key
                echo "ops@example.com namespaces=\\"pair-policy\\" $(cat key.pub)" >allowed_signers
                cat >pair.toml <<END
                space = "box"
                [[provider]]
                name = "p"
                issuer = "https://idp.example"
                client_ids = ["a"]
                END
                echo 'box alice@example.com p alice' >members
                sign() {
                    "$pair" fleet build --config pair.toml "$@" >/dev/null
                    "$pair" fleet sign --key key policy >/dev/null 2>&1
                }
                # Waits until the log has the line.
                said() { timeout 60 tail -n +1 -F log 2>/dev/null | grep -q -m 1 -x -F "pair: $1"; }

                """
            return try cluster.etcdctl(prefix + script)
        }

        @Test("a host applies what is signed and refuses what is not; the status says so; both end in good order")
        func wholeWay() throws {
            let output = try run(
                #"""
                refresh() {
                    "$pair" host refresh --config "$PWD/host.toml" --json |
                        sed 's/.*"action":"\([a-z]*\)".*"serial":\([0-9]*\).*/\1 \2/'
                }
                # As somebody might who does not ask for what is there.
                put() {
                    sign --serial $1
                    printf %020d $1 | etcdctl put "${prefix}serial" >/dev/null
                    etcdctl put "${prefix}policy" <policy.signed >/dev/null
                }
                status() { "$pair" fleet status $etcd --hosts expected --json || echo "status $?"; }
                echo web1 >expected

                put 6
                refresh
                cmp policy.signed lib/policy && echo same
                put 7
                status
                touch log
                "$pair" host watch --config "$PWD/host.toml" --name web1 2>>log &
                watch=$!
                said 'policy 7 is applied'
                cmp policy.signed lib/policy && echo same
                put 8
                said 'policy 8 is applied'
                cmp policy.signed lib/policy && echo same
                put 5
                said "a policy was refused: etcd: ${prefix}policy: policy: serial 8 or higher expected, 5 found"
                grep -x 'serial 8' lib/policy
                "$pair" host refresh --config host.toml --if-due 2>&1 >/dev/null | grep -o 'serial 8 or higher.*'
                put 9
                said 'policy 9 is applied'
                refresh
                # The heartbeat follows the line.
                for _ in $(seq 100); do status >last; grep -q '"serial":9' last && break; done
                sed 's/"applied.*//' last
                kill $watch
                wait $watch && echo ended
                status
                """#)
            #expect(
                output == """
                    asked 6
                    same
                    {"published":7,"hosts":[{"host":"web1","state":"silent","problem":"says nothing"}]}
                    status 1
                    same
                    same
                    serial 8
                    serial 8 or higher expected, 5 found
                    asked 9
                    {"published":9,"hosts":[{"host":"web1","state":"current","space":"box","serial":9,
                    ended
                    {"published":9,"hosts":[{"host":"web1","state":"silent","problem":"says nothing"}]}
                    status 1

                    """)
        }

        @Test("a policy is published with its serial where that is higher; an older content goes the same way")
        func publishing() throws {
            let output = try run(
                #"""
                publish() {
                    "$pair" fleet publish --to etcd $etcd "$@" >said 2>&1 || echo "status $?"
                    sed "s|$prefix|PREFIX/|; s/, expires.*;/;/" said
                }
                there() { etcdctl get --print-value-only "${prefix}policy" | grep -x "$1"; }

                sign --serial 7
                cp policy.signed seven
                publish --allowed-signers allowed_signers
                echo "serial key $(etcdctl get --print-value-only "${prefix}serial")"
                echo 'box bob@example.com p bob' >>members
                sign --serial 8
                publish
                publish
                publish seven
                there 'serial 8'
                # The key that etcd compares was lost: it comes back.
                etcdctl del "${prefix}serial" >/dev/null
                publish
                "$pair" fleet rollback seven --serial 9 --out policy >/dev/null
                "$pair" fleet sign --key key policy >/dev/null 2>&1
                publish
                there 'serial 9'
                "$pair" host refresh --config host.toml
                "$pair" fleet verify --allowed-signers allowed_signers --show members lib/policy
                # What nobody signed is replaced where it is known who may sign.
                etcdctl put "${prefix}policy" rubbish >/dev/null
                sign --serial 10
                publish | head -n 1
                publish --allowed-signers allowed_signers
                ssh-keygen -q -t ed25519 -N '' -f other
                "$pair" fleet sign --key other policy >/dev/null 2>&1
                publish --allowed-signers allowed_signers | head -n 1
                there 'serial 10'
                "$pair" fleet publish --to there --etcd https://localhost >said 2>&1 || echo "status $?"
                "$pair" fleet publish --to etcd >said 2>&1 || grep -x 'pair: etcd: no member is named' said
                """#)
            #expect(
                output.replacing(/counts for [^\n]*/, with: "counts") == """
                    etcd: serial 7; members 1 line, accounts 0 lines, revoked 0 lines
                    serial key 00000000000000000007
                    etcd: serial 8; members 2 lines, accounts 0 lines, revoked 0 lines, after 7
                    etcd: serial 8; members 2 lines, accounts 0 lines, revoked 0 lines, which was there already
                    status 1
                    pair: etcd: PREFIX/policy: a serial above 8 expected, which is published, 7 found
                    Build it with a higher serial, and sign it again; for an older content: pair fleet rollback.
                    serial 8
                    etcd: serial 8; members 2 lines, accounts 0 lines, revoked 0 lines, which was there already
                    etcd: serial 9; members 1 line, accounts 0 lines, revoked 0 lines, after 8
                    serial 9
                    policy 9: applied, counts
                    box alice@example.com p alice
                    status 1
                    etcd: serial 10; members 2 lines, accounts 0 lines, revoked 0 lines
                    status 1
                    serial 10
                    status 64
                    pair: etcd: no member is named

                    """)
        }

        @Test("where it is not known what is published, or that is two things, no host is shown as well")
        func publishedUnclear() throws {
            let output = try run(
                #"""
                status() { "$pair" fleet status $etcd --json || echo "status $?"; }
                serial() { printf %020d $1 | etcdctl put "${prefix}serial" >/dev/null; }
                heartbeat='{"version":1,"host":"web1","space":"box","serial":7,"since":"2026-11-22T12:00:00Z"}'
                etcdctl put "${prefix}hosts/web1" "$heartbeat" >/dev/null
                status
                sign --serial 7
                etcdctl put "${prefix}policy" <policy.signed >/dev/null
                status
                serial 7
                status
                "$pair" fleet status $etcd | tail -n 1
                serial 6
                status
                "$pair" fleet status $etcd | tail -n 2
                etcdctl put "${prefix}policy" rubbish >/dev/null
                status | sed 's/"hosts.*//'
                """#)
            let host = #""space":"box","serial":7,"since":"2026-11-22T12:00:00Z"}]}"#
            #expect(
                output == #"""
                    {"hosts":[{"host":"web1","state":"unknown",\#(host)
                    status 1
                    {"problem":"the policy that is published has serial 7","hosts":[{"host":"web1","state":"unknown",\#(host)
                    status 1
                    {"published":7,"hosts":[{"host":"web1","state":"current",\#(host)
                    serial 7 is published, 1 host, 1 current
                    {"published":6,"problem":"the policy that is published has serial 7","hosts":[{"host":"web1","state":"current",\#(host)
                    status 1
                    serial 6 is published, 1 host, 1 current
                    the policy that is published has serial 7
                    {"published":6,"problem":"what is published is no policy",
                    status 1

                    """#)
        }

        @Test("the table has a line for each host, with what is the matter with it")
        func table() throws {
            let output = try run(
                #"""
                heartbeat() {
                    end='"since":"2026-11-22T12:00:00Z"}'
                    etcdctl put "${prefix}hosts/$1" "{\"version\":1,\"host\":\"$1\",\"space\":\"box\",$2$end" >/dev/null
                }
                printf %020d 9 | etcdctl put "${prefix}serial" >/dev/null
                heartbeat ahead '"serial":9,"applied":"2999-01-01T00:00:00Z",'
                heartbeat behind '"serial":7,"problem":"policy: old","doctor":{"failures":1,"warnings":2},'
                heartbeat current '"serial":9,"doctor":{"failures":0,"warnings":1},'
                heartbeat invalid '"serial":9,"fault":"expired","doctor":{"failures":0,"warnings":0},'
                heartbeat none ''
                etcdctl put "${prefix}hosts/odd" '{}' >/dev/null
                printf 'current\nsilent\n' >expected
                { "$pair" fleet status $etcd --hosts expected || echo "status $?"; } |
                    sed 's/ in [0-9][0-9a-z ]*  */ in N /; s/  */ /g; s/ *$//'
                """#)
            #expect(
                output == """
                    HOST SPACE SERIAL BEHIND APPLIED DOCTOR STATE
                    ahead box 9 - in N - current
                    behind box 7 2 - 1 wrong behind: policy: old
                    current box 9 - - 1 warning current
                    invalid box 9 - - ok nobody enters: expired
                    none box - - - - has applied none
                    odd - - - - - a heartbeat expected, as this version of pair or an older one writes it
                    silent - - - - - says nothing

                    serial 9 is published, 7 hosts, 2 current, 2 behind, 1 invalid, 2 silent
                    status 1

                    """)
        }

        @Test("a host that cannot follow says why, and ends with status 3 where pair.toml is at fault")
        func cannotFollow() throws {
            let output = try run(
                #"""
                watch() { "$pair" host watch --config "$PWD/$1.toml" --no-doctor >said 2>&1 || echo "status $?"; cat said; }
                watch pair | sed "s|$PWD/||"
                sed '/^etcd/a url = "https://policy.example.com/policy"' host.toml >both.toml
                watch both | sed "s|$PWD/||; s/toml:3:[0-9]*:/toml:3:/"
                chmod 644 password
                watch host | sed "s|$PWD/||g"
                # What may pass is tried again by the service.
                watch none | sed "s|$PWD/||g"
                """#)
            #expect(
                output == """
                    status 3
                    pair: pair.toml: etcd in [policy_source] expected, which is followed
                    A policy by https is fetched by pair host refresh: docs/fleet.md.
                    status 3
                    pair: both.toml:3: url and etcd in [policy_source]: only one of them can be where the policy is
                    Nobody enters while it is so. Mend it with an editor; `pair spaces check` lists everything.
                    status 1
                    pair: password: others may read this password
                    Do this: chmod 0600 password.
                    status 1
                    pair: none.toml: no such file
                    Do this: create none.toml, or correct the path.

                    """)
        }

        @Test(
            "what is wrong with the configuration is said, and nothing is asked",
            arguments: [
                ("", "no member is named"),
                ("--etcd https://x,ftp://user:secret@x", "member 2: an address that begins"),
                ("--etcd https://127.0.0.1:1/v3", "without path"),
                ("--etcd https://127.0.0.1:1 --etcd-user u", "\"u\""),
                ("--etcd http://127.0.0.1:1 --etcd-user u --etcd-password-file open", "https expected, where there is"),
                ("--etcd https://127.0.0.1:1 --etcd-user u --etcd-password-file open", "others may read this password"),
                ("--etcd https://127.0.0.1:1 --etcd-ca none", "none: no such file"),
                ("--etcd https://127.0.0.1:1 --etcd-ca loose", "loose: writable by"),
                ("--etcd http://127.0.0.1:1 --timeout 0", "--timeout"),
                ("--etcd http://127.0.0.1:1 --timeout 1", "could not connect"),
            ])
        func misconfigured(_ flags: String, _ complaint: String) throws {
            let output = try run(
                "echo x | tee open >loose; chmod 666 loose; \"$pair\" fleet status \(flags) 2>&1 || echo \"status $?\"")
            #expect(output.contains(complaint), "\(output)")
            #expect(output.contains("status ") && !output.contains("secret"), "\(output)")
        }
    }
}
