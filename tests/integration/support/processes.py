"""Looks at processes, descriptors, mounts, cgroups and namespaces through /proc."""

import os
from pathlib import Path


def start_time(pid):
    """Clock ticks since boot; with the pid it names one process for good. None when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def is_alive(pid, started):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return False
    return fields[19] == started and fields[0] not in "ZX"


def parents():
    """{pid: parent}"""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[int(entry)] = int(
                    Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1]
                )
            except (OSError, IndexError):
                continue
    return found


def descendants(pid):
    children = {}
    for child, parent in parents().items():
        children.setdefault(parent, []).append(child)
    found, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            found.append(child)
            queue.append(child)
    return found


def program(pid):
    """Base name of the executable; "" when the process is gone."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)")
    except OSError:
        return ""


def is_parked(pid):
    """Is it a runtime that waits for its function, and has no code yet?"""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        mounts_there = Path(f"/proc/{pid}/mounts").read_text()
    except OSError:
        return False
    return b"_LAMB_HANDOVER_FD=" in environment and " /var/task " not in mounts_there


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def rss_kb(pid):
    return memory_kb(pid, "VmRSS")


def memory_kb(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def uids(pid):
    """Real, effective, saved, file system."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("Uid:"):
            return [int(word) for word in line.split()[1:]]
    raise AssertionError(f"process {pid} has no uid")


def capabilities(pid):
    """The effective set as a number."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    raise AssertionError(f"process {pid} has no capability sets")


def _front_sockets(pid, port):
    """Inodes of connections (not the listener) to the daemon's port: they belong to clients that keep
    them alive."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            is_here = int(fields[1].rsplit(":", 1)[1], 16) == port
            if is_here and fields[3] != "0A" and fields[9] != "0":  # not the listener, not TIME_WAIT
                inodes.add(fields[9])
    return inodes


def descriptors(pid, port):
    """Sorted targets of the open descriptors, without the front's connections. Socket inodes are blanked."""
    front = _front_sockets(pid, port)
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if target.startswith("socket:[") and target[8:-1] in front:
            continue
        kind = target.split(":", 1)[0]
        found.append(kind if kind in ("socket", "pipe") else target)
    return sorted(found)


def front_connections(pid, port):
    return len(_front_sockets(pid, port))


def mounts():
    """Mount lines of the host's view, without their ids."""
    return sorted(line.split(" ", 3)[3] for line in Path("/proc/self/mountinfo").read_text().splitlines())


def cgroups(pid):
    """Absolute directories of the cgroups a process is in."""
    found = []
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return []
    roots = _cgroup_roots()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root = roots.get(controllers)
        if root:
            found.append(root + path)
    return found


def _cgroup_roots():
    """{"memory": "/sys/fs/cgroup/memory", "": "/sys/fs/cgroup"}"""
    roots = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ", 1)
        kind, _, options = right.split(" ", 2)
        place = left.split()[4]
        if kind == "cgroup2":
            roots.setdefault("", place)
        elif kind == "cgroup":
            for name in options.split(","):
                roots.setdefault(name, place)
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        names = line.split(":", 2)[1]
        first = names.split(",")[0]
        if names not in roots and first in roots:
            roots[names] = roots[first]
    return roots


def network_namespaces(pids):
    found = set()
    for pid in pids:
        try:
            found.add(os.readlink(f"/proc/{pid}/ns/net"))
        except OSError:
            continue
    return found
