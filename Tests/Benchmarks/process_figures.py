"""Facts of the kernel about a process."""

import os

TICKS = os.sysconf("SC_CLK_TCK")


def rss_kib(pid):
    return status_kib(pid, "VmRSS")


def peak_rss_kib(pid):
    return status_kib(pid, "VmHWM")


def status_kib(pid, name):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise ValueError(name)


def cpu_seconds(pid):
    """User and system time of all threads, by the scheduler's own nanoseconds."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
