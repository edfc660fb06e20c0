// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Modules that a review passes through. All others are compiled for size, which leaves more of the CPU's caches to
/// reviews.
let hot: Set<String> = [
    "AccessPolicy", "Authentication", "Entra", "EntraTokens", "JOSE", "Jansson", "LineLogging", "NIOOpenSSL", "OpenSSL",
    "Prometheus", "SafeText", "Timestamps", "TokenReviewAPI", "WebhookServer",
]

/// Each function is a section of its own, so that the linker can leave it out or place it.
func settings(_ name: String) -> [SwiftSetting] {
    let flags = ["-Xfrontend", "-function-sections"] + (hot.contains(name) ? [] : ["-Osize"])
    return strict + [.unsafeFlags(flags, .when(configuration: .release))]
}

/// The five wings. A module may import its own wing and those listed before it, never a later one. `Tests/walls.py`
/// checks that.
enum Wing: String {
    case base = "Base"
    case decision = "Decision"
    case webhook = "Webhook"
    case tools = "Tools"
    case programs = "Programs"
}

func library(_ wing: Wing, _ name: String, pkgConfig: String, debian: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/\(wing.rawValue)/\(name)", pkgConfig: pkgConfig, providers: [.apt([debian])])
}

func module(_ wing: Wing, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(wing.rawValue)/\(name)",
        swiftSettings: settings(name))
}

/// Places the functions of a review next to each other, and likewise those of a start, so that fewer pages of the
/// program are in memory and the instruction cache holds more. Tests/Benchmarks/order.sh generates the file from a
/// profile.
let linkerFlags = [
    "-use-ld=lld",
    // The static standard library asks for all symbols to be exported, and what is exported cannot be left out.
    "-Xlinker", "--no-export-dynamic",
    "-Xlinker", "--icf=safe",
    "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/Sources/function-order.txt",
    "-Xlinker", "--no-warn-symbol-ordering",
    "-Xlinker", "\(Context.packageDirectory)/Sources/without-unwinding.ld", "-Xlinker", "--no-eh-frame-hdr",
    "-L\(Context.packageDirectory)/Sources/static-linking",
]

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/\(Wing.programs.rawValue)/\(name)",
        swiftSettings: settings(name),
        linkerSettings: [.unsafeFlags(linkerFlags, .when(configuration: .release))])
}

func tests(_ wing: Wing, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies, path: "Tests/\(wing.rawValue)/\(name)Tests",
        swiftSettings: strict)
}

/// Only the decision wing, its wire format and their dependencies, which need no other package: for Tests/mutants.sh.
let isDecisionOnly = Context.environment["KUBE_ENTRA_DECISION_ONLY"] != nil

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioConcurrency: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heaps: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")

let package = Package(
    name: "kube-entra",
    products: [
        .executable(name: "kube-entra", targets: ["kube-entra"]),
        .executable(name: "kube-entra-demo", targets: ["kube-entra-demo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        library(.base, "COpenSSL", pkgConfig: "openssl", debian: "libssl-dev"),
        library(.base, "CJansson", pkgConfig: "jansson", debian: "libjansson-dev"),
        library(.base, "CYAML", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
        .systemLibrary(name: "CLinux", path: "Sources/Base/CLinux"),
        module(.base, "Scheduling", ["CLinux"]),
        module(.base, "SafeText"),
        module(.base, "Timestamps"),
        module(.base, "Files", ["CLinux", "SafeText"]),
        module(.base, "Addresses", ["SafeText"]),
        module(.base, "OpenSSL", ["COpenSSL", "Timestamps", "Addresses"]),
        module(.base, "Jansson", ["CJansson"]),
        module(.base, "YAML", ["CYAML"]),
        module(.base, "NIOOpenSSL", ["OpenSSL", nioCore, nioTLS]),
        module(
            .base, "HTTPSClient", ["Addresses", "OpenSSL", "NIOOpenSSL", nioCore, nioPosix, nioHTTP1, nioConcurrency]),
        module(.base, "Prometheus", [nioConcurrency, metrics]),
        module(.base, "LineLogging", ["SafeText", "Timestamps", nioPosix, nioConcurrency, logging]),
        module(.base, "Terminal", ["SafeText", "Timestamps", "Files", "Jansson"]),

        module(.decision, "JOSE", ["SafeText", "OpenSSL", "Jansson"]),
        module(.decision, "Entra", ["SafeText", "Timestamps"]),
        module(.decision, "EntraTokens", ["SafeText", "Timestamps", "OpenSSL", "Jansson", "JOSE", "Entra"]),
        module(.decision, "AccessPolicy", ["SafeText", "Timestamps", "Entra"]),
        module(
            .decision, "Authentication",
            ["SafeText", "Timestamps", "OpenSSL", "Jansson", "JOSE", "Entra", "EntraTokens", "AccessPolicy"]),

        module(
            .webhook, "TokenReviewAPI",
            ["SafeText", "OpenSSL", "Jansson", "Entra", "AccessPolicy", "Authentication"]),
        module(
            .webhook, "SigningKeys",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "LineLogging",
                "Terminal",
                "JOSE", "Entra", "EntraTokens", nioCore, nioConcurrency, logging,
            ]),
        module(
            .webhook, "DirectoryGroups",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "LineLogging",
                "JOSE", "Entra",
                "EntraTokens", "Authentication", nioCore, nioConcurrency, logging, collections, heaps,
            ]),
        module(
            .webhook, "WebhookServer",
            [
                "SafeText", "Timestamps", "Addresses", "OpenSSL", "Jansson", "NIOOpenSSL", "Prometheus", "LineLogging",
                "Entra",
                "EntraTokens", "AccessPolicy", "Authentication", "TokenReviewAPI", nioCore, nioPosix, nioTLS, nioHTTP1,
                nioConcurrency, nioHTTP2, logging, metrics, collections,
            ]),
        module(
            .webhook, "Configuration",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "YAML", "LineLogging", "Terminal",
                "Entra", "EntraTokens", "AccessPolicy", "Authentication", "SigningKeys", "DirectoryGroups",
                "WebhookServer", logging,
            ]),
        module(
            .webhook, "WebhookService",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "HTTPSClient", "Prometheus", "LineLogging",
                "Terminal", "Scheduling", "JOSE", "Entra", "EntraTokens", "AccessPolicy", "Authentication",
                "SigningKeys", "DirectoryGroups",
                "Configuration", "WebhookServer", nioCore, nioPosix, nioConcurrency, logging,
            ]),

        module(
            .tools, "Kubeconfigs",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "YAML", "Terminal", "Entra",
                "Certificates",
            ]),
        module(
            .tools, "Certificates", ["SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "Terminal"]),
        module(
            .tools, "Inspection",
            [
                "SafeText", "Timestamps", "OpenSSL", "Jansson", "Terminal", "JOSE", "Entra", "EntraTokens",
                "AccessPolicy", "Authentication",
            ]),
        module(
            .tools, "PolicyChecks",
            [
                "SafeText", "Timestamps", "Files", "Jansson", "YAML", "Terminal", "Entra", "EntraTokens",
                "AccessPolicy", "Authentication", "Configuration", "Kubeconfigs",
            ]),
        module(.tools, "RBAC", ["SafeText", "Files", "Addresses", "YAML"]),
        module(
            .tools, "ClusterAccess",
            [
                "SafeText", "Timestamps", "Jansson", "Terminal", "Entra", "AccessPolicy",
                "Configuration", "Kubeconfigs", "PolicyChecks", "RBAC",
            ]),
        module(
            .tools, "CredentialPlugin",
            [
                "SafeText", "Timestamps", "Files", "OpenSSL", "Jansson", "Terminal", "Entra", "EntraTokens",
                "AccessPolicy", "Authentication", "Configuration", "Kubeconfigs", "Inspection",
            ]),
        module(
            .tools, "Doctor",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "Terminal",
                "Entra", "EntraTokens", "AccessPolicy", "Authentication", "TokenReviewAPI", "Configuration",
                "DirectoryGroups",
                "Kubeconfigs", "Inspection", "CredentialPlugin",
            ]),
        module(
            .tools, "WebhookReview",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "Terminal",
                "Entra", "AccessPolicy", "Authentication", "TokenReviewAPI", "Configuration", "Kubeconfigs",
                "Certificates", "Inspection",
            ]),
        module(
            .tools, "CommandInput",
            [
                "SafeText", "Timestamps", "Files", "Jansson", "Terminal", "Entra", "EntraTokens", "AccessPolicy",
                "Configuration", "Inspection", "PolicyChecks",
            ]),
        module(.tools, "Registration", ["OpenSSL", "Jansson", "Entra"]),
        module(
            .tools, "Installation",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "YAML", "HTTPSClient", "Terminal",
                "Entra", "AccessPolicy", "Configuration", "Kubeconfigs", "Certificates", "CredentialPlugin", "Doctor",
                "WebhookReview",
            ]),
        module(
            .tools, "Reference",
            [
                "Jansson", "Terminal", "Prometheus", "Entra", "Configuration", "WebhookServer", "PolicyChecks",
                "ClusterAccess",
            ]),

        module(
            .programs, "EntraSimulator",
            [
                "SafeText", "Timestamps", "OpenSSL", "Jansson", "NIOOpenSSL", "JOSE", "Entra", nioCore,
                nioPosix, nioHTTP1, nioConcurrency,
            ]),
        command(
            "kube-entra",
            [
                "SafeText", "Timestamps", "Addresses", "OpenSSL", "Jansson", "Terminal", "Entra", "EntraTokens",
                "AccessPolicy", "TokenReviewAPI", "SigningKeys", "Configuration", "WebhookService", "Kubeconfigs",
                "Certificates", "Inspection", "PolicyChecks", "RBAC", "ClusterAccess", "CommandInput",
                "CredentialPlugin", "Doctor", "WebhookReview", "Registration", "Installation", "Reference",
                "Scheduling", arguments, signals, logging,
            ]),
        command(
            "kube-entra-demo",
            [
                "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "Entra", "EntraSimulator",
                nioCore, nioPosix, nioConcurrency, arguments, signals,
            ]),

        // What tests share; its folder Server needs other packages.
        .target(
            name: "TestSupport",
            dependencies: [
                "SafeText", "Timestamps", "OpenSSL", "Jansson", "Entra", "EntraTokens", "AccessPolicy",
                "Authentication",
            ] + (isDecisionOnly ? [] : ["LineLogging", nioCore, nioConcurrency, logging]),
            path: "Tests/TestSupport", exclude: isDecisionOnly ? ["Server"] : [], swiftSettings: strict),

        tests(.base, "SafeText", ["SafeText"]),
        tests(.base, "Timestamps", ["Timestamps"]),
        tests(.base, "Scheduling", ["Scheduling"]),
        tests(.base, "Files", ["CLinux", "Files", "TestSupport"]),
        tests(.base, "Addresses", ["Addresses"]),
        tests(.base, "OpenSSL", ["Timestamps", "OpenSSL"]),
        tests(.base, "Jansson", ["Jansson", "TestSupport"]),
        tests(.base, "YAML", ["YAML"]),
        tests(.base, "NIOOpenSSL", ["OpenSSL", "NIOOpenSSL", "TestSupport", nioCore, nioPosix, nioTLS, nioEmbedded]),
        tests(.base, "HTTPSClient", ["Addresses", "OpenSSL", "HTTPSClient", nioCore, nioEmbedded, nioHTTP1]),
        tests(.base, "LineLogging", ["Timestamps", "Jansson", "LineLogging", "TestSupport", logging]),
        tests(.base, "Terminal", ["SafeText", "Timestamps", "Jansson", "Terminal"]),

        tests(.decision, "JOSE", ["OpenSSL", "JOSE"]),
        tests(.decision, "Entra", ["Files", "Entra"]),
        tests(
            .decision, "EntraTokens", ["SafeText", "OpenSSL", "Jansson", "JOSE", "Entra", "EntraTokens", "TestSupport"]),
        tests(.decision, "AccessPolicy", ["SafeText", "Timestamps", "Entra", "AccessPolicy"]),
        tests(
            .decision, "Authentication",
            [
                "SafeText", "Timestamps", "OpenSSL", "Jansson", "JOSE", "Entra", "EntraTokens", "AccessPolicy",
                "Authentication", "TestSupport",
            ]),

        tests(
            .webhook, "TokenReviewAPI",
            ["SafeText", "Jansson", "Entra", "AccessPolicy", "Authentication", "TokenReviewAPI"]),
        tests(
            .webhook, "SigningKeys",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "JOSE", "Entra",
                "EntraTokens", "SigningKeys", "TestSupport", nioCore, nioEmbedded, nioConcurrency, logging,
            ]),
        tests(
            .webhook, "DirectoryGroups",
            [
                "Timestamps", "HTTPSClient", "Jansson", "Entra", "Authentication", "DirectoryGroups", "TestSupport",
                nioCore, nioEmbedded, nioConcurrency,
            ]),
        tests(
            .webhook, "Configuration",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "Jansson", "Terminal", "Entra", "AccessPolicy",
                "Authentication", "SigningKeys", "DirectoryGroups", "WebhookServer", "Configuration", "TestSupport",
            ]),
        tests(
            .webhook, "WebhookServer",
            [
                "SafeText", "Timestamps", "Addresses", "OpenSSL", "Jansson", "NIOOpenSSL", "Prometheus", "LineLogging",
                "Entra", "EntraTokens", "AccessPolicy", "Authentication", "TokenReviewAPI", "WebhookServer",
                "TestSupport", nioCore, nioPosix, nioHTTP1, nioEmbedded, nioConcurrency, nioHTTP2, logging,
            ]),
        tests(
            .webhook, "WebhookService",
            [
                "SafeText", "Timestamps", "Files", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "Prometheus",
                "LineLogging", "Terminal", "Entra", "AccessPolicy", "SigningKeys", "DirectoryGroups", "Configuration",
                "WebhookServer", "WebhookService", "TestSupport", nioCore, nioPosix, nioConcurrency, logging,
            ]),
        tests(
            .webhook, "Model",
            [
                "SafeText", "Timestamps", "Addresses", "OpenSSL", "Jansson", "HTTPSClient", "Prometheus", "JOSE",
                "Entra",
                "EntraTokens", "AccessPolicy", "Authentication", "TokenReviewAPI", "SigningKeys", "DirectoryGroups",
                "WebhookServer", "TestSupport", nioCore, nioEmbedded, nioConcurrency, logging,
            ]),

        tests(
            .tools, "Kubeconfigs", ["SafeText", "Timestamps", "Jansson", "YAML", "Terminal", "Kubeconfigs"]),
        tests(.tools, "Certificates", ["Terminal", "Timestamps", "OpenSSL", "Certificates", "TestSupport"]),
        tests(
            .tools, "Inspection",
            [
                "SafeText", "Timestamps", "OpenSSL", "Jansson", "Terminal", "JOSE", "Entra", "EntraTokens",
                "AccessPolicy", "Authentication", "Inspection", "TestSupport",
            ]),
        tests(
            .tools, "PolicyChecks",
            [
                "SafeText", "Timestamps", "Jansson", "Terminal", "Entra", "EntraTokens", "AccessPolicy",
                "Authentication", "Configuration", "PolicyChecks", "TestSupport",
            ]),
        tests(.tools, "RBAC", ["RBAC"]),
        tests(
            .tools, "ClusterAccess",
            [
                "SafeText", "Timestamps", "Files", "Jansson", "Terminal", "Entra", "AccessPolicy", "Configuration",
                "PolicyChecks", "RBAC", "ClusterAccess", "TestSupport",
            ]),
        tests(
            .tools, "CredentialPlugin",
            [
                "SafeText", "Timestamps", "Jansson", "Terminal", "Entra", "Configuration", "Kubeconfigs",
                "CredentialPlugin", "TestSupport",
            ]),
        tests(
            .tools, "WebhookReview",
            ["Terminal", "SafeText", "Addresses", "Jansson", "HTTPSClient", "Entra", "TokenReviewAPI", "WebhookReview"]),
        tests(
            .tools, "CommandInput",
            [
                "Timestamps", "Terminal", "Entra", "AccessPolicy", "TokenReviewAPI", "SigningKeys", "Configuration",
                "Certificates", "Inspection", "PolicyChecks", "WebhookReview", "CommandInput", "TestSupport",
            ]),
        tests(.tools, "Doctor", ["CredentialPlugin", "Doctor"]),
        tests(.tools, "Registration", ["Entra", "Registration"]),
        tests(.tools, "Installation", ["SafeText", "Entra", "Terminal", "Installation", "Jansson", "YAML"]),

        tests(
            .programs, "EntraSimulator",
            [
                "SafeText", "Timestamps", "OpenSSL", "Jansson", "Entra", "EntraTokens", "AccessPolicy",
                "Authentication", "EntraSimulator", nioHTTP1,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// An executable without a `main`, which libFuzzer brings: only Tests/Fuzz/run.sh builds it.
if Context.environment["KUBE_ENTRA_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "kube-entra-fuzz",
            dependencies: [
                "SafeText", "Timestamps", "Addresses", "OpenSSL", "Jansson", "YAML", "NIOOpenSSL", "HTTPSClient",
                "Prometheus", "JOSE", "Entra", "EntraTokens", "AccessPolicy", "Authentication", "TokenReviewAPI",
                "SigningKeys", "Configuration", "WebhookServer", "Inspection", "PolicyChecks", "Kubeconfigs", "RBAC",
                "ClusterAccess", "TestSupport", nioCore, nioTLS, nioEmbedded, nioConcurrency, logging,
            ],
            path: "Tests/Fuzz/Targets",
            swiftSettings: strict))
}

if isDecisionOnly {
    func isDecision(_ target: Target) -> Bool {
        [
            "Sources/Decision/", "Tests/Decision/", "Sources/Webhook/TokenReviewAPI",
            "Tests/Webhook/TokenReviewAPITests",
            "Tests/Base/JanssonTests", "Tests/Base/SafeTextTests",
        ].contains { target.path?.hasPrefix($0) == true }
    }
    var needed = Set(package.targets.filter(isDecision).map(\.name))
    var count = 0
    while count < needed.count {
        count = needed.count
        for target in package.targets where needed.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies { needed.insert(name) }
        }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
    package.dependencies = []
}
