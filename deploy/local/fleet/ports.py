"""Is a TCP port free, and if not, who has it?"""
import errno
import os
import socket

from .plan import HOST


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def free_ports(count, first=20000, last=32000):
    """`count` free ports in a row, below the range from which the kernel takes its own."""
    start = first + (os.getpid() * 37) % (last - first)
    while True:
        if start + count > last:
            start = first
        taken = [port for port in range(start, start + count) if not is_free(port)]
        if not taken:
            return range(start, start + count)
        start = taken[-1] + 1


def listener_of(port):
    """`NAME (pid N)` of the process that listens on `port`, as far as we may see it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        inodes |= {f"socket:[{row[9]}]" for row in rows
                   if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if inodes & open_files(pid):
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    return f"{file.read().strip()} (pid {pid})"
            except OSError:
                continue
    return "another process"


def open_files(pid):
    """What the descriptors of a process point to; those that close while we look are left out."""
    links = set()
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return links
    for number in numbers:
        try:
            links.add(os.readlink(f"/proc/{pid}/fd/{number}"))
        except OSError:
            continue
    return links
