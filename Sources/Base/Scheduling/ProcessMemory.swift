import CLinux
import Glibc

/// Who may see this process's memory.
public enum ProcessMemory {
    /// Keeps keys and tokens in this process: the kernel writes no core dump of it, neither to a file nor to a program
    /// such as systemd-coredump, and other processes of the same user cannot read its memory (prctl(2),
    /// PR_SET_DUMPABLE). Root still can.
    ///
    /// Programs that this process starts get their own memory, and may raise the limit on core files again.
    public static func keepPrivate() {
        _ = CLinux_set_dumpable(0)
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_CORE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = 0
        _ = setrlimit(resource, &limit)
    }
}
