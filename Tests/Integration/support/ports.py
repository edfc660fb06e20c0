"""Ports and user IDs that nothing else on this machine gets meanwhile, another run of the tests included.

A reservation is the name of an abstract socket, which ends with the process that made it."""

import random
import socket

BLOCK = 600


def reserved(name):
    """A socket whose name is taken as long as it is open, or None if it is taken already."""
    holder = socket.socket(socket.AF_UNIX)
    try:
        holder.bind(f"\0kube-entra-tests-{name}")
        return holder
    except OSError:
        holder.close()
        return None


class Ports:
    """Gives the ports of a block in turn. They lie below those that the system gives to connections by itself."""

    def __init__(self):
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            first = int(file.read().split()[0])
        starts = list(range(10_000, first - BLOCK, BLOCK)) or list(range(20_000, 60_000, BLOCK))
        random.shuffle(starts)
        self.holder, self.start = next(
            ((holder, start) for start in starts if (holder := reserved(f"ports-{start}"))), (None, starts[0])
        )
        self.next = random.randrange(BLOCK)

    def free(self):
        for _ in range(BLOCK):
            port = self.start + self.next
            self.next = (self.next + 1) % BLOCK
            # No address of this machine may have it.
            with socket.socket() as probe:
                try:
                    probe.bind(("", port))
                    return port
                except OSError:
                    continue
        raise AssertionError(f"none of the {BLOCK} ports from {self.start} is free")


ports = None


def free_port():
    global ports
    ports = ports or Ports()
    return ports.free()


def reserved_id(taken):
    """A system user's ID that is not `taken`, and the socket that reserves it."""
    numbers = [number for number in range(200, 1000) if number not in taken]
    random.shuffle(numbers)
    return next((number, holder) for number in numbers if (holder := reserved(f"user-{number}")))
