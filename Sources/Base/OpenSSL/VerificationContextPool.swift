import COpenSSL
import Synchronization

/// A few contexts, initialized to verify with one key and one algorithm.
///
/// Creating one costs a provider look-up and several allocations, which is much compared with the verification itself.
/// A context serves one thread at a time, so a caller takes one out and puts it back with an atomic exchange. Nobody
/// waits: if the pool is empty, a new context is made.
///
/// `@unchecked Sendable`: the pointers are reached only through atomic exchanges, and the thread that took one owns it.
final class VerificationContextPool: @unchecked Sendable {
    private let key: PKey
    private let algorithm: SignatureAlgorithm
    private let slots = InlineArray<4, Atomic<OpaquePointer?>> { _ in Atomic(nil) }

    init(key: PKey, algorithm: SignatureAlgorithm) {
        self.key = key
        self.algorithm = algorithm
    }

    deinit {
        for index in slots.indices {
            EVP_PKEY_CTX_free(slots[index].load(ordering: .acquiring))
        }
    }

    /// Calls a closure with a context for `algorithm`; false if none can be made.
    func withContext(_ wanted: SignatureAlgorithm, _ body: (OpaquePointer) -> Bool) -> Bool {
        guard wanted == algorithm else {
            guard let context = makeContext(wanted) else { return false }
            defer { EVP_PKEY_CTX_free(context) }
            return body(context)
        }
        guard let context = take() ?? makeContext(algorithm) else { return false }
        defer { giveBack(context) }
        return body(context)
    }

    private func take() -> OpaquePointer? {
        for index in slots.indices {
            if let context = slots[index].exchange(nil, ordering: .acquiring) { return context }
        }
        return nil
    }

    private func giveBack(_ context: OpaquePointer) {
        var surplus: OpaquePointer? = context
        for index in slots.indices {
            // The exchange may return a context that another thread has just put there; it moves to the next slot.
            surplus = slots[index].exchange(surplus, ordering: .acquiringAndReleasing)
            if surplus == nil { return }
        }
        EVP_PKEY_CTX_free(surplus)
    }

    private func makeContext(_ algorithm: SignatureAlgorithm) -> OpaquePointer? {
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.handle, nil) else { return nil }
        guard EVP_PKEY_verify_init(context) == 1, algorithm.configure(context) else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return context
    }
}
