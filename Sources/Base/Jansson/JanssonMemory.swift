import CJansson
import Glibc

/// Overwrites jansson's memory before it is freed, because tokens and secrets pass through it.
enum JanssonMemory {
    /// Must be called before the first value is made. Later calls cost nothing.
    static func prepare() { _ = isPrepared }

    private static let isPrepared: Bool = {
        json_set_alloc_funcs(
            { malloc($0) },
            { memory in
                guard let memory else { return }
                explicit_bzero(memory, CJansson_usable_size(memory))
                free(memory)
            })
        return true
    }()
}
