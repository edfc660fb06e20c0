import Glibc

/// The process's limit on open files.
enum FileDescriptors {
    /// Raises the limit to `count` if it is lower, as far as an unprivileged process may.
    static func allow(_ count: Int) {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < rlim_t(count) else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(count))
        _ = setrlimit(resource, &limit)
    }
}
