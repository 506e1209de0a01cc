"""Disk, descriptors and processes run out: the daemon says so, serves what it still can, and recovers."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest

from support import events, metrics, packages, processes
from support.daemon import build_dir, clean_environment
from support.fixtures import strange_processes
from support.waiting import wait_until


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB for a data directory."""
    place = tmp_path / "disk"
    place.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0755", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def noise(megabytes):
    return packages.zip_files({"bootstrap": "#!/bin/sh\n", "noise": os.urandom(megabytes << 20)})


def fill(disk):
    """A file that leaves not a byte free."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    return filler


def test_full_disk(new_daemon, small_disk):
    lamb = new_daemon(data_dir=small_disk / "data")
    name = lamb.create_bash("echo 1")
    assert lamb.invoke(name, {}).json == 1
    try:
        lamb.create(noise(16), name="too-big", wait=False)
        wait_until(lambda: lamb.configuration("too-big")["State"] == "Failed", 10, "it failed")
        assert lamb.configuration("too-big")["StateReasonCode"]
        lamb.client.delete_function(FunctionName="too-big")
    except botocore.exceptions.ClientError as refused:
        assert refused.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    assert lamb.daemon.is_running()
    assert [f["FunctionName"] for f in lamb.client.list_functions()["Functions"]] == [name]
    assert lamb.invoke(name, {}).json == 1, "what is there runs on"
    second = lamb.create_bash("echo 2")
    assert lamb.invoke(second, {}).json == 2, "what was refused took no room"
    lamb.daemon.new_complaints()


def test_disk_that_is_full_of_something_else(new_daemon, small_disk):
    """Not a byte is free: changes are refused, calls go on though their log lines are lost."""
    lamb = new_daemon(data_dir=small_disk / "data")
    name = lamb.create_bash("echo 1")
    assert lamb.invoke(name, {}).json == 1
    filler = fill(small_disk)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.create_bash("echo 2")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    for _ in range(5):
        assert lamb.invoke(name, {}).json == 1
    filler.unlink()
    assert lamb.invoke(lamb.create_bash("echo 3"), {}).json == 3
    lamb.daemon.new_complaints()


def test_asynchronous_events_on_a_full_disk(new_daemon, small_disk):
    """They are refused, and what was acknowledged before comes to its end once there is room again."""
    lamb = new_daemon(data_dir=small_disk / "data")
    name = lamb.create_python(events.TELLS_PY, Timeout=30)
    lamb.daemon.allowed_errors += ["async.not_written", "Can't write the queues"]
    events.send(lamb, name, {"before": 1, "sleep": 2})
    events.wait_for_runs(lamb, name, 1)
    filler = fill(small_disk)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        while True:  # the database may still have room in its own file
            events.send(lamb, name, {"during": "x" * 50000})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    time.sleep(3)
    assert lamb.daemon.is_running()
    filler.unlink()
    events.send(lamb, name, {"after": 1})

    def is_over():
        found = metrics.value(metrics.read(lamb.daemon), "lamb_async_events_accepted_total")
        return events.over(lamb) == {"Success": found}

    wait_until(is_over, 20, f"all that was accepted is over: {events.over(lamb)}")
    lamb.daemon.new_complaints()


def test_descriptors_run_out(new_daemon):
    """Some of the calls fail; none hangs; nothing leaks; afterwards all is well."""
    lamb = new_daemon()
    limit = ["prlimit", f"--pid={lamb.daemon.pid}", "--nofile=80:80"]
    subprocess.run(["setpriv", "--reuid=lamb", "--regid=lamb", "--clear-groups", *limit], check=True)
    name = lamb.create_bash("sleep 1; echo 1")
    lamb.invoke(name, {})
    before = len(processes.descriptors(lamb.daemon.pid, lamb.daemon.port))

    def call(_):
        try:
            return lamb.request("POST", f"/2015-03-31/functions/{name}/invocations", "{}").status
        except OSError:
            return 0

    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(call, range(40)))
    assert 200 in statuses
    lamb.close()
    assert lamb.daemon.is_running()
    assert lamb.invoke(name, {}).json == 1
    lamb.delete_all()
    lamb.close()
    wait_until(lambda: not strange_processes(lamb.daemon), 10, "all environments are gone")
    wait_until(
        lambda: len(processes.descriptors(lamb.daemon.pid, lamb.daemon.port)) <= before,
        10,
        "no descriptor is left",
    )
    lamb.daemon.new_complaints()


def test_fork_bomb_stays_in_its_environment(lamb):
    source = """import os
def handler(event, context):
    count = 0
    try:
        while True:
            if os.fork() == 0:
                while True:
                    try:
                        os.fork()
                    except OSError:
                        import time
                        time.sleep(1000)
            count += 1
    except OSError:
        return 'refused'
"""
    name = lamb.create_python(source, Timeout=10, MemorySize=512)
    other = lamb.create_bash("echo 1")
    with ThreadPoolExecutor(1) as pool:
        bomb = pool.submit(lamb.invoke, name)
        assert lamb.invoke(other, {}).json == 1
        bomb.result(60)
    lamb.client.delete_function(FunctionName=name)
    lamb.client.delete_function(FunctionName=other)
    wait_until(lambda: not strange_processes(lamb.daemon), 20, "every process of it is gone")


def test_start_without_root_works_or_says_what_is_missing(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    subprocess.run(["chown", "lamb", data], check=True)
    command = ["setpriv", "--reuid=lamb", "--clear-groups", "timeout", "--signal=TERM", "5"]
    command += [str(build_dir() / "lamb"), "serve", "--data-dir", str(data), "--listen", "127.0.0.1:0"]
    done = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    if "lamb.ready" in done.stdout:
        assert "machine.lacks" in done.stderr, "says what an ordinary user does not get"
    else:
        assert done.returncode != 0
        assert "root" in done.stderr
