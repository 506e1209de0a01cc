"""What /proc tells about running processes: who listens on a port, how much memory, which descendants."""

import os


def numeric_entries():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def read_text(path):
    """The file's text, or "" when the process has ended meanwhile."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def parent_of(pid):
    stat = read_text(f"/proc/{pid}/stat")
    # The name in parentheses may hold anything; the state and the parent follow the last one.
    return int(stat.rpartition(")")[2].split()[1]) if stat else 0


def descendants(root):
    """root and every process below it."""
    children = {}
    for pid in numeric_entries():
        children.setdefault(parent_of(pid), []).append(pid)
    found, pending = [], [root]
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending.extend(children.get(pid, []))
    return found


def rss_kb(pid):
    for line in read_text(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def exe_name(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def listener_inode(port):
    """Inode of the socket that listens on 127.0.0.1:port in our network namespace, or None."""
    for line in read_text("/proc/net/tcp").splitlines()[1:]:
        fields = line.split()
        listens = fields[3] == "0A"
        if listens and int(fields[1].split(":")[1], 16) == port:
            return fields[9]
    return None


def holds_socket(pid, inode):
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            if os.readlink(f"/proc/{pid}/fd/{fd}") == f"socket:[{inode}]":
                return True
    except OSError:
        pass
    return False


def listening_pid(root, port):
    """The process at or below root that listens on 127.0.0.1:port."""
    inode = listener_inode(port)
    owners = [pid for pid in descendants(root) if inode and holds_socket(pid, inode)]
    if not owners:
        raise LookupError(f"no process below {root} listens on 127.0.0.1:{port}")
    return max(owners, key=rss_kb)


def pin(root, cpus):
    """Confines root, its descendants and all their threads to the given CPUs."""
    for pid in descendants(root):
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(thread), cpus)
        except (OSError, ValueError):
            continue
