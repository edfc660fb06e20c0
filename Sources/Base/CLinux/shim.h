#ifndef C_LINUX_SHIM_H
#define C_LINUX_SHIM_H

#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
// For extended attributes, which the module Glibc leaves out.
#include <sys/xattr.h>
#include <unistd.h>

// sched_setattr(2) and sched_getattr(2). The C library has them only since glibc 2.41, and variadic functions such as
// syscall(2) cannot be called from Swift.
struct CLinux_sched_attr {
    uint32_t size;
    uint32_t sched_policy;
    uint64_t sched_flags;
    int32_t sched_nice;
    uint32_t sched_priority;
    uint64_t sched_runtime;
    uint64_t sched_deadline;
    uint64_t sched_period;
};

// prctl(2) is variadic too.
static inline int CLinux_set_dumpable(long isDumpable) { return prctl(PR_SET_DUMPABLE, isDumpable, 0L, 0L, 0L); }

static inline int CLinux_sched_setattr(const struct CLinux_sched_attr *attributes) {
    return (int)syscall(SYS_sched_setattr, 0, attributes, 0);
}
static inline int CLinux_sched_getattr(struct CLinux_sched_attr *attributes) {
    return (int)syscall(SYS_sched_getattr, 0, attributes, sizeof *attributes, 0);
}

#endif
