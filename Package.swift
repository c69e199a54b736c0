// swift-tools-version: 6.3
import PackageDescription

/// Whether `pair-authkeys` alone is built, as it ships: in Embedded Swift, without the runtime's types, see docs/speed.md.
///
/// `scripts/build` asks for it. The tests, and whoever works on it, have the same sources in ordinary Swift.
let isEmbedded = Context.environment["PAIR_EMBEDDED"] != nil

/// What a login does not call is left out of the program.
let embedded: [SwiftSetting] = [
    .enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Xfrontend", "-function-sections"]),
]

let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),  // SE-0335
        .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
        .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
        .strictMemorySafety(),  // SE-0458
        .treatAllWarnings(as: .error),  // SE-0480
        // What a module offers to any type is else made for the types it gets at each start; see docs/speed.md.
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    ] + (isEmbedded ? embedded : [])

/// One stage of a login; `imports` may name only stages that stand above it in the list below.
func stage(_ name: String, imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: strict)
}

/// The C++ runtime goes in, as the Swift one does: at its start a program binds some 3,000 symbols of the shared one.
///
/// So does what unwinds the stack, GCC's.
let staticRuntime: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-L\(Context.packageDirectory)/Sources/CTOML/link",
            "-Xclang-linker", "-static-libgcc",
        ], .when(configuration: .release))
]

#if arch(arm64)
    let embeddedTriple = "aarch64-unknown-linux-gnu"
#else
    let embeddedTriple = "x86_64-unknown-linux-gnu"
#endif

/// What a program in Embedded Swift has to ask for: the tables by which texts compare, and the C++ runtime.
///
/// The linker looks in the toolchain's folder of ordinary Swift, beside which the one of Embedded Swift lies. There is no
/// libm, so that a `Set` or `Dictionary` does not link: each start would draw random seeds for it, by glibc 2.36.
let embeddedRuntime: LinkerSetting = .unsafeFlags(
    [
        "-Xlinker", "-l:../embedded/\(embeddedTriple)/libswiftUnicodeDataTables.a",
        "-Xlinker", "--as-needed", "-Xlinker", "-lstdc++",
    ])

/// `programs` are what its tests run that is not Swift.
func suite(_ name: String, imports: [Target.Dependency], programs: [String] = []) -> Target {
    .testTarget(name: name, dependencies: imports + ["TestSupport"], exclude: programs, swiftSettings: strict)
}

func nio(_ module: String) -> Target.Dependency { .product(name: module, package: "swift-nio") }

/// What `scripts/fuzz` builds: nothing else can link it, for libFuzzer comes with its sanitizer alone.
let fuzzing: [Target] =
    Context.environment["PAIR_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Encodings", "SSHWire", "Signatures", "SSHKeys", "IdentityToken", "Policy", "Decision",
                "TestSupport",
            ],
            path: "Tests/Fuzz", exclude: ["words"], swiftSettings: strict)
    ]

/// What `scripts/bench` builds, to time what is otherwise inside a program.
let benchmark: [Target] =
    Context.environment["PAIR_BENCH"] == nil
    ? []
    : [
        .executableTarget(
            name: "InProcess", dependencies: ["Encodings", "Signatures", "SSHKeys", "IdentityToken", "Policy"],
            path: "Tests/Benchmarks/InProcess", swiftSettings: strict)
    ]

/// The C library; Swift brings this module for ordinary Swift alone.
let libc: [Target.Dependency] = isEmbedded ? ["Glibc"] : []

/// What sshd runs, and all that it is made of.
let login: [Target] = [
    .systemLibrary(name: "CLibsodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .target(
        name: "CTOML", exclude: ["link"],
        cxxSettings: [
            .define("TOML_EXCEPTIONS", to: "0"), .define("TOML_ENABLE_FORMATTERS", to: "0"),
            .define("TOML_FLOAT_CHARCONV", to: "1"),
        ]),

    .target(name: "CLibcrypto"),
    .target(name: "CSandbox"),
    .target(name: "CNameService"),
    .target(name: "CTraps"),

    stage("Encodings"),
    stage("SSHWire"),
    stage("Signatures", imports: ["CLibcrypto", "CLibsodium"]),
    stage("TOML", imports: ["CTOML", "Encodings"]),
    stage("HostFiles", imports: ["Encodings"] + libc),
    stage("Sandbox", imports: ["CSandbox"] + libc),
    stage("SSHKeys", imports: ["Encodings", "SSHWire", "Signatures"]),
    stage("IdentityToken", imports: ["Encodings", "Signatures", "SSHKeys"]),
    stage("Policy", imports: ["Encodings", "TOML", "SSHKeys", "IdentityToken"]),
    stage("NameService", imports: ["CNameService", "Encodings", "Policy"]),
    stage("Decision", imports: ["Encodings", "Signatures", "SSHKeys", "IdentityToken", "Policy"]),
    stage("AccessLog", imports: ["Encodings", "HostFiles", "SSHKeys", "Decision"]),
    .executableTarget(
        name: "pair-authkeys",
        dependencies: [
            "Encodings", "HostFiles", "Sandbox", "Signatures", "SSHKeys", "IdentityToken", "Policy", "NameService",
            "Decision", "AccessLog", "CTraps",
        ] + libc,
        swiftSettings: strict,
        linkerSettings: isEmbedded ? staticRuntime + [embeddedRuntime] : []),
]

/// Everything else: `pair`, and what tries both.
let others: [Target] = [
    .target(name: "CCurl"),
    stage("HTTP", imports: ["CCurl", "Encodings"]),
    stage("Administration", imports: ["Encodings", "TOML", "Signatures", "SSHKeys", "IdentityToken", "Policy"]),
    stage("Etcd", imports: ["Encodings", "HTTP"]),
    stage("Discovery", imports: ["Encodings", "HTTP", "IdentityToken"]),
    stage(
        "SignIn",
        imports: [
            "Encodings", "TOML", "HTTP", "Signatures", "SSHKeys", "IdentityToken", "Discovery", nio("NIOCore"),
            nio("NIOPosix"), nio("NIOHTTP1"),
        ]),
    stage("KeyStore", imports: ["Encodings", "HostFiles", "Signatures", "SSHKeys"]),
    stage("Fleet", imports: ["Encodings", "SSHWire", "Signatures", "SSHKeys", "Policy"]),
    stage(
        "Upkeep",
        imports: [
            "Encodings", "TOML", "HTTP", "HostFiles", "Signatures", "SSHKeys", "IdentityToken", "Policy",
            "Administration", "Etcd", "Discovery", "Fleet", "Decision", "AccessLog",
        ]),
    .executableTarget(
        name: "pair",
        dependencies: [
            .product(name: "ArgumentParser", package: "swift-argument-parser"), "Encodings", "HostFiles", "HTTP",
            "TOML", "Signatures", "SSHKeys", "IdentityToken", "Discovery", "SignIn", "KeyStore", "Policy",
            "Administration", "Decision", "AccessLog", "Upkeep", "Fleet", "Etcd",
        ],
        swiftSettings: strict, linkerSettings: staticRuntime),

    .target(
        name: "TestSupport", dependencies: ["Encodings", "SSHKeys", "Policy", "Decision"],
        path: "Tests/TestSupport", swiftSettings: strict),
    suite("EncodingsTests", imports: ["Encodings"]),
    suite("SSHWireTests", imports: ["SSHWire"]),
    suite("SignaturesTests", imports: ["Encodings", "Signatures"]),
    suite("TOMLTests", imports: ["Encodings", "TOML"]),
    suite("HostFilesTests", imports: ["Encodings", "HostFiles"]),
    suite("SandboxTests", imports: ["CSandbox", "Sandbox"]),
    suite("SSHKeysTests", imports: ["Encodings", "SSHWire", "Signatures", "SSHKeys"]),
    suite("IdentityTokenTests", imports: ["Encodings", "Signatures", "SSHKeys", "IdentityToken"]),
    suite("PolicyTests", imports: ["Encodings", "TOML", "SSHKeys", "IdentityToken", "Policy"]),
    suite(
        "DecisionTests",
        imports: ["CLibsodium", "Encodings", "Signatures", "SSHKeys", "IdentityToken", "Policy", "Decision"]),
    suite("AccessLogTests", imports: ["Encodings", "HostFiles", "SSHKeys", "Policy", "Decision", "AccessLog"]),
    suite("HTTPTests", imports: ["Encodings", "HTTP"], programs: ["server.py"]),
    suite("EtcdTests", imports: ["Encodings", "HTTP", "Etcd"], programs: ["cluster.py", "gateway.py"]),
    suite(
        "DiscoveryTests", imports: ["Encodings", "HTTP", "IdentityToken", "Discovery"], programs: ["server.py"]),
    suite(
        "SignInTests",
        imports: [
            "Encodings", "TOML", "HTTP", "Signatures", "IdentityToken", "Discovery", "SignIn", nio("NIOCore"),
            nio("NIOEmbedded"), nio("NIOPosix"), nio("NIOHTTP1"),
        ],
        programs: ["token_server.py"]),
    suite(
        "KeyStoreTests",
        imports: ["Encodings", "HostFiles", "Signatures", "SSHKeys", "KeyStore"]),
    suite(
        "AdministrationTests",
        imports: ["Encodings", "Signatures", "SSHKeys", "IdentityToken", "Policy", "Administration"]),
    suite(
        "FleetTests", imports: ["Encodings", "SSHWire", "Signatures", "SSHKeys", "Policy", "Fleet"],
        programs: ["signing.py"]),
    suite(
        "UpkeepTests",
        imports: [
            "Encodings", "TOML", "HTTP", "HostFiles", "Signatures", "SSHKeys", "IdentityToken", "Policy",
            "Administration", "Etcd", "Discovery", "Fleet", "Decision", "AccessLog", "Upkeep",
        ],
        programs: ["server.py", "boot-journal", "boot-refresh", "killing.c"]),
    suite("PairTests", imports: ["Encodings", "Etcd", "HTTP", "SSHKeys", "pair"]),
    suite(
        "CommandLineTests", imports: ["Encodings"],
        programs: ["collecting.py", "nss_tries.c", "outlets.py", "without.py"]),
    suite("EndToEndTests", imports: []),
]

let package = Package(
    name: "pair",
    products: [.executable(name: "pair-authkeys", targets: ["pair-authkeys"])]
        + (isEmbedded ? [] : [.executable(name: "pair", targets: ["pair"])]),
    dependencies: isEmbedded
        ? []
        : [
            .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
            .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        ],
    targets: login + (isEmbedded ? [.target(name: "Glibc")] : others + fuzzing + benchmark),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
