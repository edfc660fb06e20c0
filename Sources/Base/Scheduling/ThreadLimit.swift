import Glibc

/// How many threads the system lets this process have: the pids limit of its cgroup (`TasksMax=` of a systemd unit, the
/// pod limit of a kubelet) and RLIMIT_NPROC.
public enum ThreadLimit {
    /// Tries to start threads, all at once, which then end.
    ///
    /// SwiftNIO ends the process without a word if it cannot have a thread.
    ///
    /// - Returns: how many could be started; `count` if all.
    public static func startable(_ count: Int) -> Int {
        let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        gate.initialize(to: pthread_mutex_t())
        pthread_mutex_init(gate, nil)
        defer {
            pthread_mutex_destroy(gate)
            gate.deallocate()
        }
        var threads: [pthread_t] = []
        pthread_mutex_lock(gate)
        for _ in 0..<count {
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { gate in
                    // Until all the others were tried.
                    let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self)
                    if let gate {
                        pthread_mutex_lock(gate)
                        pthread_mutex_unlock(gate)
                    }
                    return nil
                }, gate)
            guard code == 0 else { break }
            threads.append(thread)
        }
        pthread_mutex_unlock(gate)
        for thread in threads { pthread_join(thread, nil) }
        return threads.count
    }
}
