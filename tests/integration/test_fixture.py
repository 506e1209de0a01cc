"""The fixtures' own eyes: what they look for after each test, they must be able to see."""

import os
import socket
import subprocess

import pytest

from support import processes
from support.daemon import Daemon, is_sanitized, left_alive
from support.fixtures import added, strange_processes
from support.waiting import wait_until


class Pretended:
    """Stands for a daemon: this very process."""

    pid = os.getpid()
    port = 1


def test_sees_a_process():
    sleeper = subprocess.Popen(["sleep", "100"])
    try:
        wait_until(lambda: processes.program(sleeper.pid) == "sleep", 5, "it runs")
        assert sleeper.pid in strange_processes(Pretended)
        tree = [(sleeper.pid, processes.start_time(sleeper.pid))]
        assert left_alive(tree) == [sleeper.pid]
    finally:
        sleeper.kill()
        sleeper.wait()
    assert sleeper.pid not in strange_processes(Pretended)
    assert left_alive(tree) == []


def test_sees_a_process_further_down():
    shell = subprocess.Popen(["sh", "-c", "sleep 100 & wait"], start_new_session=True)
    try:
        wait_until(lambda: len(processes.descendants(shell.pid)) == 1, 5, "its child runs")
        assert set(processes.descendants(shell.pid)) <= set(strange_processes(Pretended))
    finally:
        os.killpg(shell.pid, 9)
        shell.wait()


def test_sees_a_descriptor(tmp_path):
    before = processes.descriptors(Pretended.pid, Pretended.port)
    with (tmp_path / "file").open("w"):
        after = processes.descriptors(Pretended.pid, Pretended.port)
        assert added(before, after) == [str(tmp_path / "file")]
    assert added(before, processes.descriptors(Pretended.pid, Pretended.port)) == []


def test_counts_descriptors_of_one_kind():
    before = processes.descriptors(Pretended.pid, Pretended.port)
    ends = os.pipe()
    assert added(before, processes.descriptors(Pretended.pid, Pretended.port)) == ["pipe", "pipe"]
    for end in ends:
        os.close(end)


def test_sees_a_connection(lamb):
    with socket.create_connection(("127.0.0.1", lamb.daemon.port)):
        wait_until(lambda: processes.front_connections(lamb.daemon.pid, lamb.daemon.port) == 1, 5, "seen")
    wait_until(lambda: processes.front_connections(lamb.daemon.pid, lamb.daemon.port) == 0, 5, "gone")


def test_sees_a_mount(tmp_path):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path], check=True)
    try:
        assert any(str(tmp_path) in line for line in processes.mounts())
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert not any(str(tmp_path) in line for line in processes.mounts())


def test_sees_the_cgroups_of_sandboxes(lamb):
    name = lamb.create_python("def handler(event, context):\n    pass\n")
    lamb.invoke(name)
    groups = {path for pid in strange_processes(lamb.daemon) for path in processes.cgroups(pid)}
    assert any("/lamb-" in path and os.path.isdir(path) for path in groups), groups


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-21T03:20:03.325Z error environment.lost reason=x",
        "==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
        "../src/base/buf.c:12:3: runtime error: signed integer overflow",
        "WARNING: ThreadSanitizer: data race (pid=1)",
        "==12==ERROR: LeakSanitizer: detected memory leaks",
    ],
)
def test_sees_complaints(line):
    daemon = Daemon()
    daemon.stderr_path.write_text("2026-11-21T03:20:03.325Z info function.created name=error\n")
    assert daemon.new_complaints() == []
    with daemon.stderr_path.open("a") as file:
        file.write(line + "\n")
    assert line in "\n".join(daemon.new_complaints())
    assert daemon.new_complaints() == [], "each is told once"
    daemon.remove()


def test_complaint_that_a_test_expects():
    daemon = Daemon()
    daemon.stderr_path.write_text("2026-11-21T03:20:03.325Z error spawner.lost pid=1\n")
    daemon.allowed_errors.append("spawner.lost")
    assert daemon.new_complaints() == []
    daemon.remove()


def test_knows_a_sanitized_build(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMB_BUILD", str(tmp_path))
    (tmp_path / "build.ninja").write_text(" ARGS = -O2 -fsanitize=address,undefined\n")
    assert is_sanitized()
    (tmp_path / "build.ninja").write_text(" ARGS = -O2\n")
    assert not is_sanitized()
