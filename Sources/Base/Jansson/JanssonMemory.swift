internal import CJansson
internal import Glibc

/// jansson's memory is overwritten before it is given back: tokens and secrets pass through it.
enum JanssonMemory {
    /// Must come before the first value is made; costs nothing after the first time.
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
