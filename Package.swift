// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func command(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, swiftSettings: strict)
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
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        module("Timestamps"),
        module("Files"),
        module("OpenSSL", ["COpenSSL", "Timestamps"]),
        module("Jansson", ["CJansson"]),
        module("YAML", ["CYAML"]),
        module("NIOOpenSSL", ["OpenSSL", nioCore, nioTLS]),
        module("JOSE", ["OpenSSL", "Jansson"]),
        module("EntraTokens", ["JOSE", "OpenSSL", "Jansson", "Timestamps"]),
        module("AccessPolicy", ["EntraTokens", "Timestamps"]),
        module("Authentication", ["AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps"]),
        module("HTTPSClient", ["NIOOpenSSL", "OpenSSL", nioCore, nioPosix, nioHTTP1, nioConcurrency]),
        module(
            "SigningKeys",
            [
                "Authentication", "EntraTokens", "JOSE", "HTTPSClient", "OpenSSL", "Jansson", "Files", "Timestamps",
                nioCore, nioPosix, nioConcurrency, logging,
            ]),
        module(
            "DirectoryGroups",
            [
                "Authentication", "EntraTokens", "JOSE", "HTTPSClient", "OpenSSL", "Jansson", "Files", "Timestamps",
                nioCore, nioConcurrency, logging, collections,
            ]),
        module("TokenReviewAPI", ["Jansson", "OpenSSL", "AccessPolicy", "Authentication", "EntraTokens"]),
        module(
            "Configuration",
            [
                "YAML", "Jansson", "OpenSSL", "JOSE", "EntraTokens", "AccessPolicy", "Authentication", "Files",
                "Timestamps",
            ]),
        module("Kubeconfigs", ["YAML", "Jansson"]),
        module(
            "Inspection", ["Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps"]),
        module(
            "PolicyChecks",
            [
                "Authentication", "AccessPolicy", "EntraTokens", "Configuration", "YAML", "Jansson", "OpenSSL",
                "Files", "Timestamps",
            ]),
        module(
            "WebhookServer",
            [
                "NIOOpenSSL", "OpenSSL", "Jansson", "TokenReviewAPI", "Authentication", "AccessPolicy", "EntraTokens",
                "Timestamps",
                nioCore, nioPosix, nioTLS, nioHTTP1, nioHTTP2, nioConcurrency, logging, metrics, collections,
            ]),
        module(
            "EntraSimulator",
            [
                "NIOOpenSSL", "OpenSSL", "Jansson", "JOSE", "EntraTokens", "Timestamps", nioCore, nioPosix, nioHTTP1,
                nioConcurrency,
            ]),

        command(
            "kube-entra",
            [
                "Configuration", "Inspection", "Kubeconfigs", "PolicyChecks", "WebhookServer", "SigningKeys",
                "DirectoryGroups", "HTTPSClient", "TokenReviewAPI", "Authentication", "AccessPolicy", "EntraTokens",
                "JOSE", "OpenSSL",
                "NIOOpenSSL", "Jansson", "YAML", "Files", "Timestamps",
                arguments, signals, logging, metrics, nioCore, nioPosix, nioHTTP1, nioConcurrency,
            ]),
        command(
            "kube-entra-demo",
            [
                "EntraSimulator", "Configuration", "WebhookServer", "SigningKeys", "HTTPSClient", "Authentication",
                "AccessPolicy", "EntraTokens", "OpenSSL", "Jansson", "Files", "Timestamps",
                arguments, signals, logging, nioCore, nioPosix, nioConcurrency,
            ]),

        tests("Timestamps", ["Timestamps"]),
        tests("Files", ["Files"]),
        tests("OpenSSL", ["OpenSSL", "Timestamps"]),
        tests("Jansson", ["Jansson"]),
        tests("YAML", ["YAML"]),
        tests("NIOOpenSSL", ["NIOOpenSSL", "OpenSSL", nioCore, nioPosix, nioEmbedded, nioTLS]),
        tests("JOSE", ["JOSE", "OpenSSL", "Jansson"]),
        tests("EntraTokens", ["EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps"]),
        tests("AccessPolicy", ["AccessPolicy", "EntraTokens", "Timestamps"]),
        tests(
            "Authentication",
            ["Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps"]),
        tests("HTTPSClient", ["HTTPSClient", "NIOOpenSSL", "OpenSSL", nioCore, nioPosix, nioHTTP1]),
        tests(
            "SigningKeys",
            [
                "SigningKeys", "Authentication", "EntraTokens", "JOSE", "HTTPSClient", "OpenSSL", "Jansson",
                "Timestamps", nioCore, nioPosix, nioConcurrency, nioEmbedded, logging,
            ]),
        tests(
            "DirectoryGroups",
            [
                "DirectoryGroups", "Authentication", "EntraTokens", "HTTPSClient", "OpenSSL", "Jansson", "Timestamps",
                nioCore, nioPosix, nioConcurrency, nioEmbedded, logging,
            ]),
        tests("TokenReviewAPI", ["TokenReviewAPI", "Jansson", "AccessPolicy", "Authentication", "EntraTokens"]),
        tests(
            "Configuration",
            ["Configuration", "AccessPolicy", "EntraTokens", "Authentication", "YAML", "Files", "Timestamps"]),
        tests("Kubeconfigs", ["Kubeconfigs", "YAML", "Jansson"]),
        tests(
            "Inspection",
            ["Inspection", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson", "Timestamps"]),
        tests(
            "PolicyChecks",
            [
                "PolicyChecks", "Configuration", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL",
                "Jansson", "Timestamps",
            ]),
        tests(
            "WebhookServer",
            [
                "WebhookServer", "TokenReviewAPI", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL",
                "NIOOpenSSL", "Jansson", "Timestamps", nioCore, nioPosix, nioEmbedded, nioTLS, nioHTTP1, nioHTTP2,
                nioConcurrency, logging, metrics,
            ]),
        tests(
            "Model",
            [
                "WebhookServer", "SigningKeys", "TokenReviewAPI", "Authentication", "AccessPolicy", "EntraTokens",
                "JOSE", "OpenSSL", "Jansson", "Timestamps", nioCore, nioPosix, nioEmbedded, nioConcurrency, logging,
            ]),
        tests(
            "EntraSimulator",
            [
                "EntraSimulator", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL", "Jansson",
                "Timestamps", nioCore, nioPosix, nioHTTP1,
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
                "WebhookServer", "NIOOpenSSL", "TokenReviewAPI", "Configuration", "PolicyChecks", "Inspection",
                "SigningKeys", "HTTPSClient", "Authentication", "AccessPolicy", "EntraTokens", "JOSE", "OpenSSL",
                "Jansson", "YAML", "Timestamps", nioCore, nioEmbedded, nioTLS, nioHTTP1, nioHTTP2, nioConcurrency,
                logging,
            ],
            path: "Tests/Fuzz/Targets",
            swiftSettings: strict))
}
