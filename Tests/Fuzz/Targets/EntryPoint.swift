import Glibc

/// The targets by name, as in run.sh.
private let targets: [String: any FuzzTarget.Type] = [
    "scanner": ScannerTarget.self,
    "jws": JWSTarget.self,
    "header": HeaderTarget.self,
    "claims": ClaimsTarget.self,
    "pop": ProofTarget.self,
    "jwks": KeySetTarget.self,
    "discovery": DiscoveryTarget.self,
    "tokenreview": TokenReviewTarget.self,
    "accessreview": AccessReviewTarget.self,
    "configuration": ConfigurationTarget.self,
    "rbac": ClusterTarget.self,
    "denyfile": DenyFileTarget.self,
    "kubeconfig": KubeconfigTarget.self,
    "tls": TLSTarget.self,
    "http1": HTTP1Target.self,
    "http2": HTTP2Target.self,
    "resets": ResetTarget.self,
]

// Created before the first input, and used only by libFuzzer's thread.
nonisolated(unsafe) private let target: any FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let type = targets[name] else {
        say("FUZZ_TARGET must be one of \(targets.keys.sorted().joined(separator: " "))")
        exit(64)
    }
    do {
        return try type.init()
    } catch {
        say("the target could not be set up: \(error)")
        exit(2)
    }
}()

// Objects that live as long as the process are not leaks. The leak sanitizer cannot always see the references, because
// Swift stores tags of enumerations in unused bits of pointers.
@_silgen_name("__lsan_disable") private func pauseLeakChecks()
@_silgen_name("__lsan_enable") private func resumeLeakChecks()

/// libFuzzer calls this once, before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    pauseLeakChecks()
    defer { resumeLeakChecks() }
    return [UInt8(ascii: " ")].withUnsafeBytes { testOneInput($0.assumingMemoryBound(to: UInt8.self).baseAddress, 1) }
}

/// libFuzzer calls this for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try target.run(UnsafeRawBufferPointer(start: bytes, count: count))
    } catch {
        violation("the target threw \(error)")
    }
    return 0
}
