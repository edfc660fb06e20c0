// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Modules that a review passes through. All others are compiled for size: the caches are the review's.
let hot: Set<String> = [
    "AccessPolicy", "Authentication", "EntraTokens", "JOSE", "Jansson", "LineLogging", "NIOOpenSSL", "OpenSSL",
    "Prometheus", "SafeText", "Timestamps", "TokenReviewAPI", "WebhookServer",
]

func settings(_ name: String) -> [SwiftSetting] {
    hot.contains(name) ? strict : strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))]
}

/// The five wings: a module imports its own wing and those above it, never one below. `Tests/walls.py` checks that.
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

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/\(Wing.programs.rawValue)/\(name)",
        swiftSettings: settings(name),
        // The static standard library asks for all symbols to be exported, and what is exported cannot be left out.
        linkerSettings: [.unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(configuration: .release))])
}

func tests(_ wing: Wing, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies, path: "Tests/\(wing.rawValue)/\(name)Tests",
        swiftSettings: strict)
}

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

        module(.base, "Timestamps"),
        module(.base, "Files"),
        module(.base, "SafeText"),
        module(.base, "Addresses", ["SafeText"]),
        module(.base, "LineLogging", ["Timestamps", logging, nioConcurrency, nioPosix]),
        module(.base, "Prometheus", [metrics, nioConcurrency]),
        module(.base, "Terminal", ["SafeText", "Files", "Jansson", "Timestamps"]),
        module(.base, "OpenSSL", ["COpenSSL", "Timestamps", "Addresses"]),
        module(.base, "Jansson", ["CJansson"]),
        module(.base, "YAML", ["CYAML"]),
        module(.base, "NIOOpenSSL", ["OpenSSL", nioCore, nioTLS]),
        module(.decision, "JOSE", ["OpenSSL", "Jansson", "SafeText"]),
        module(.decision, "EntraTokens", ["JOSE", "OpenSSL", "Jansson", "SafeText", "Timestamps"]),
        module(.decision, "AccessPolicy", ["EntraTokens", "Timestamps", "SafeText"]),
        module(
            .decision, "Authentication",
            [
                "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps", "SafeText",
            ]),
        module(
            .base, "HTTPSClient",
            [
                "NIOOpenSSL", "OpenSSL", nioCore, nioPosix, nioHTTP1, nioConcurrency, "Addresses",
            ]),
        module(
            .webhook, "SigningKeys",
            [
                "Authentication", "EntraTokens", "JOSE", "HTTPSClient", "OpenSSL", "Jansson", "Files",
                "Timestamps", nioCore, nioPosix, nioConcurrency, logging, "SafeText", "Addresses", "LineLogging",
            ]),
        module(
            .webhook, "DirectoryGroups",
            [
                "Authentication", "EntraTokens", "JOSE", "HTTPSClient", "OpenSSL", "Jansson", "Files",
                "Timestamps", nioCore, nioConcurrency, logging, collections, "SafeText", "Addresses",
            ]),
        module(.webhook, "TokenReviewAPI", ["Jansson", "OpenSSL", "AccessPolicy", "Authentication", "EntraTokens"]),
        module(
            .webhook, "Configuration",
            [
                "YAML", "Jansson", "OpenSSL", "JOSE", "EntraTokens", "AccessPolicy", "Authentication", "Files",
                "Timestamps", "SigningKeys", "SafeText", "Terminal", "Addresses", "LineLogging",
            ]),
        module(.tools, "Certificates", ["Files", "Jansson", "OpenSSL", "Terminal", "Timestamps", "Addresses"]),
        module(.tools, "RBAC", ["YAML", "Files", "SafeText", "Addresses"]),
        module(
            .tools, "ClusterAccess",
            [
                "RBAC", "PolicyChecks", "Kubeconfigs", "Configuration", "AccessPolicy", "EntraTokens", "Jansson",
                "SafeText", "Terminal", "Timestamps",
            ]),
        module(.tools, "Kubeconfigs", ["YAML", "Jansson", "SafeText"]),
        module(
            .tools, "Installation",
            [
                "Certificates", "Configuration", "Kubeconfigs", "EntraTokens", "AccessPolicy", "YAML", "Jansson",
                "OpenSSL",
                "SafeText", "Files", "Terminal", "Timestamps",
            ]),
        module(.tools, "Registration", ["EntraTokens", "Jansson", "OpenSSL"]),
        module(
            .tools, "CredentialPlugin",
            [
                "Inspection", "Kubeconfigs", "Configuration", "Authentication", "AccessPolicy", "EntraTokens",
                "OpenSSL", "Jansson", "Files", "Timestamps", "SafeText", "Terminal",
            ]),
        module(
            .tools, "Inspection",
            [
                "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps",
                "SafeText", "Terminal",
            ]),
        module(
            .tools, "PolicyChecks",
            [
                "Authentication", "AccessPolicy", "EntraTokens", "Configuration", "YAML", "Jansson", "OpenSSL",
                "Files", "Timestamps", "SafeText", "Kubeconfigs", "Terminal", "Addresses", "LineLogging",
            ]),
        module(
            .webhook, "WebhookService",
            [
                "AccessPolicy", "Authentication", "Configuration", "DirectoryGroups", "EntraTokens", "Files",
                "HTTPSClient", "OpenSSL", "SafeText", "SigningKeys", "Terminal", "Timestamps", "WebhookServer",
                logging, nioConcurrency, nioCore, nioPosix, "Addresses", "LineLogging", "Prometheus",
            ]),
        module(
            .webhook, "WebhookServer",
            [
                "NIOOpenSSL", "OpenSSL", "Jansson", "TokenReviewAPI", "Authentication", "AccessPolicy",
                "EntraTokens", "Timestamps", nioCore, nioPosix, nioTLS, nioHTTP1, nioHTTP2, nioConcurrency,
                logging, metrics, collections, "Addresses", "LineLogging", "Prometheus",
            ]),
        module(
            .programs, "EntraSimulator",
            [
                "NIOOpenSSL", "OpenSSL", "Jansson", "JOSE", "EntraTokens", "Timestamps", nioCore, nioPosix,
                nioHTTP1, nioConcurrency, "SafeText",
            ]),

        module(
            .tools, "Reference",
            [
                "ClusterAccess", "Configuration", "EntraTokens", "Jansson", "PolicyChecks", "Prometheus",
                "WebhookServer",
            ]),

        command(
            "kube-entra",
            [
                "Reference",
                "Configuration", "CredentialPlugin", "Inspection", "Kubeconfigs", "PolicyChecks", "WebhookServer",
                "SigningKeys", "DirectoryGroups", "HTTPSClient", "TokenReviewAPI", "Authentication",
                "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "NIOOpenSSL", "Jansson", "YAML", "Files",
                "Timestamps", arguments, signals, logging, metrics, nioCore, nioPosix, nioHTTP1, nioConcurrency,
                "SafeText", "Terminal", "Certificates", "WebhookService", "RBAC", "ClusterAccess", "Registration",
                "Installation", "Addresses", "LineLogging",
            ]),
        command(
            "kube-entra-demo",
            [
                "EntraSimulator", "Configuration", "WebhookServer", "SigningKeys", "HTTPSClient", "Authentication",
                "AccessPolicy", "EntraTokens", "OpenSSL", "Jansson", "Files", "Timestamps", arguments, signals,
                logging, nioCore, nioPosix, nioConcurrency, "Addresses",
            ]),

        tests(.base, "Timestamps", ["Timestamps"]),
        tests(.base, "Files", ["Files"]),
        tests(.base, "SafeText", ["SafeText"]),
        tests(.base, "Addresses", ["Addresses"]),
        tests(.base, "LineLogging", ["Jansson", "LineLogging", "Timestamps", logging, nioConcurrency]),
        tests(.base, "Terminal", ["Terminal", "Jansson", "Timestamps", "SafeText"]),
        tests(.base, "OpenSSL", ["OpenSSL", "Timestamps"]),
        tests(.base, "Jansson", ["Jansson"]),
        tests(.base, "YAML", ["YAML"]),
        tests(.base, "NIOOpenSSL", ["NIOOpenSSL", "OpenSSL", nioCore, nioPosix, nioEmbedded, nioTLS, "Timestamps"]),
        tests(.decision, "JOSE", ["JOSE", "OpenSSL", "Jansson"]),
        tests(.decision, "EntraTokens", ["EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps", "SafeText"]),
        tests(.decision, "AccessPolicy", ["AccessPolicy", "EntraTokens", "Timestamps"]),
        tests(
            .decision, "Authentication",
            [
                "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps",
                "SafeText",
            ]),
        tests(
            .base, "HTTPSClient",
            [
                "HTTPSClient", "NIOOpenSSL", "OpenSSL", nioCore, nioPosix, nioHTTP1, nioEmbedded, "Addresses",
            ]),
        tests(
            .webhook, "SigningKeys",
            [
                "SigningKeys", "Addresses", "Authentication", "EntraTokens", "JOSE", "HTTPSClient", "OpenSSL",
                "Jansson", "Timestamps", nioCore, nioPosix, nioConcurrency, nioEmbedded, logging, "SafeText",
            ]),
        tests(
            .webhook, "DirectoryGroups",
            [
                "DirectoryGroups", "Authentication", "EntraTokens", "HTTPSClient", "OpenSSL", "Jansson", "Timestamps",
                nioCore, nioPosix, nioConcurrency, nioEmbedded, logging,
            ]),
        tests(
            .webhook, "TokenReviewAPI", ["TokenReviewAPI", "Jansson", "AccessPolicy", "Authentication", "EntraTokens"]),
        tests(
            .webhook, "Configuration",
            [
                "Configuration", "AccessPolicy", "EntraTokens", "Authentication", "YAML", "Files", "Timestamps",
                "Jansson", "PolicyChecks", "Addresses",
            ]),
        tests(.tools, "RBAC", ["RBAC"]),
        tests(
            .tools, "ClusterAccess",
            [
                "ClusterAccess", "RBAC", "Configuration", "AccessPolicy", "EntraTokens", "Jansson", "Files",
                "Timestamps",
            ]),
        tests(.tools, "Kubeconfigs", ["Kubeconfigs", "YAML", "Jansson", "SafeText"]),
        tests(.tools, "Installation", ["Installation"]),
        tests(.tools, "Registration", ["Registration", "EntraTokens"]),
        tests(
            .tools, "CredentialPlugin",
            ["CredentialPlugin", "Configuration", "EntraTokens", "Jansson", "SafeText", "Timestamps"]),
        tests(
            .tools, "Inspection",
            [
                "Inspection", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson",
                "Timestamps", "SafeText",
            ]),
        tests(
            .tools, "PolicyChecks",
            [
                "PolicyChecks", "Configuration", "Authentication", "AccessPolicy", "EntraTokens", "JOSE",
                "OpenSSL", "Jansson", "Timestamps", "SafeText",
            ]),
        tests(
            .webhook, "WebhookServer",
            [
                "WebhookServer", "TokenReviewAPI", "Authentication", "AccessPolicy", "EntraTokens", "JOSE",
                "OpenSSL", "NIOOpenSSL", "Jansson", "Timestamps", nioCore, nioPosix, nioEmbedded, nioTLS, nioHTTP1,
                nioHTTP2, nioConcurrency, logging, metrics, "SafeText", "Addresses", "LineLogging", "Prometheus",
            ]),
        tests(
            .webhook, "Model",
            [
                "WebhookServer", "SigningKeys", "TokenReviewAPI", "Authentication", "AccessPolicy", "EntraTokens",
                "JOSE", "OpenSSL", "Jansson", "Timestamps", nioCore, nioPosix, nioEmbedded, nioConcurrency,
                logging, "SafeText", "Addresses", "Prometheus",
            ]),
        tests(
            .programs, "EntraSimulator",
            [
                "EntraSimulator", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson",
                "SafeText", "Timestamps", nioCore, nioPosix, nioHTTP1,
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
                "WebhookServer", "Addresses", "LineLogging", "Prometheus", "NIOOpenSSL", "TokenReviewAPI",
                "Configuration", "PolicyChecks", "Inspection",
                "SigningKeys", "HTTPSClient", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL",
                "SafeText", "Jansson", "YAML", "Timestamps", nioCore, nioEmbedded, nioTLS, nioHTTP1, nioHTTP2,
                nioConcurrency,
                logging,
            ],
            path: "Tests/Fuzz/Targets",
            swiftSettings: strict))
}

// The decision wing and what it stands on, which needs no other package: Tests/mutants.sh builds it a hundred times.
if Context.environment["KUBE_ENTRA_DECISION_ONLY"] != nil {
    func isDecision(_ target: Target) -> Bool {
        ["Sources/Decision/", "Tests/Decision/"].contains { target.path?.hasPrefix($0) == true }
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
