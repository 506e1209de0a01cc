"""What a daemon holds of the machine, to be compared before and after."""

import collections
import glob
import http.client
import os
import re

import processes
from floors import MeasureError

# The kernel's own memory, as far as /proc/meminfo tells.
KERNEL_FIELDS = ("Slab", "KernelStack", "PageTables", "Percpu", "SecPageTables")


def read_metrics(daemon):
    """{name with labels: number}"""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    if response.status != 200:
        raise MeasureError(f"GET /metrics: {response.status} {text[:200]}")
    return {name: float(number) for name, number in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


def count_environments(metrics):
    return sum(number for name, number in metrics.items() if name.startswith("lamb_environments{"))


def groups(pids):
    """Control groups of the daemon whose processes these are: some are in one, if only parked sandboxes."""
    texts = [processes.read_text(f"/proc/{pid}/cgroup") for pid in pids]
    names = {name for text in texts for name in re.findall(r"/(lamb-[0-9a-f]+)/", text)}
    return [path for name in names for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/*")
            for path in glob.glob(f"{root}/{name}/*") if os.path.isdir(path)]


def mounts(daemon):
    """On the host, below the daemon's directories."""
    return processes.read_text("/proc/self/mountinfo").count(daemon.work_dir)


def descriptors(daemon):
    """What the descriptors of `lamb serve` lead to, as text."""
    pid = processes.listening_pid(daemon.process.pid, daemon.port)
    found = collections.Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[re.sub(r"\d+", "N", os.readlink(f"/proc/{pid}/fd/{fd}"))] += 1
        except OSError:
            pass
    return ", ".join(f"{count} × {target}" for target, count in sorted(found.items()))


class Holdings:
    """One look."""

    def __init__(self, daemon):
        metrics = read_metrics(daemon)
        pids = processes.descendants(daemon.process.pid)
        names = {pid: processes.exe_name(pid) for pid in pids}
        memory = {line.split(":")[0]: int(line.split()[1])
                  for line in processes.read_text("/proc/meminfo").splitlines()}
        self.environments = count_environments(metrics)
        self.fds = metrics["process_open_fds"]
        self.descriptors = descriptors(daemon)
        self.daemon_kb = metrics["process_resident_memory_bytes"] / 1024
        self.spawner_kb = sum(processes.rss_kb(pid) for pid, name in names.items() if name == "lamb-spawner")
        self.processes = len(pids)
        self.groups = len(groups(pids))
        self.mounts = mounts(daemon)
        self.packages = sum(len(os.listdir(os.path.join(daemon.data_dir, place)))
                            for place in ("blobs", "code"))
        self.machine_kb = -memory["MemAvailable"]
        self.kernel_kb = sum(memory.get(field, 0) for field in KERNEL_FIELDS)

    def left_in(self, later, margins):
        """What there is more of later, beyond these margins, as texts."""
        return [f"{name}: {getattr(self, name):,.0f} before, {getattr(later, name):,.0f} after"
                for name, margin in margins.items() if getattr(later, name) > getattr(self, name) + margin]
