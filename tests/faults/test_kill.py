"""kill -9 of the daemon at any moment: what was acknowledged is there afterwards, and nothing else is."""

import contextlib
import os
import random
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest

from support import clients, packages, processes
from support.daemon import describe, left_alive
from support.fixtures import strange_processes
from support.waiting import wait_until

ROUNDS = 20
FAILURES = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)


def code(number):
    return packages.c_function(packages.NUMBER_C, files={"number": str(number)})


class Owner(threading.Thread):
    """Creates, updates, invokes and deletes functions of its own and keeps what may be true of each."""

    def __init__(self, daemon, known, seed):
        super().__init__()
        self.client = clients.boto_client(daemon, read_timeout=20, connect_timeout=5)
        self.known = known  # name -> set of numbers its code may answer; None in it: may not exist
        self.random = random.Random(seed)
        self.stop = threading.Event()
        self.surprises = []

    def run(self):
        steps = (self.create, self.update, self.update, self.call, self.call, self.call, self.delete)
        while not self.stop.is_set():
            try:
                self.random.choice(steps)()
            except botocore.exceptions.ClientError as error:
                if not expected(error):
                    self.surprises.append(str(error))
            except botocore.exceptions.BotoCoreError:
                break  # the daemon is gone
        self.client.close()

    def pick(self):
        names = [name for name, values in self.known.items() if None not in values]
        return self.random.choice(names) if names else None

    def create(self):
        if len(self.known) >= 8:
            return
        name, number = f"kill-{self.random.getrandbits(40):x}", self.random.randrange(10**6)
        self.known[name] = {None, number}
        self.client.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="h",
            Role=clients.ROLE,
            Code={"ZipFile": code(number)},
        )
        self.known[name] = {number}

    def update(self):
        name = self.pick()
        if not name:
            return
        number, before = self.random.randrange(10**6), set(self.known[name])
        self.known[name] = before | {number}
        try:
            self.client.update_function_code(FunctionName=name, ZipFile=code(number))
        except botocore.exceptions.ClientError:
            self.known[name] = before
            raise
        self.known[name] = {number}

    def call(self):
        name = self.pick()
        if name:
            clients.invoke(self.client, name, {})

    def delete(self):
        name = self.pick()
        if name and self.random.random() < 0.3:
            self.known[name] = self.known[name] | {None}
            self.client.delete_function(FunctionName=name)
            del self.known[name]


def expected(error):
    """An update or a call that comes while the last change still goes on."""
    return error.response["Error"]["Code"] == "ResourceConflictException"


def assert_nothing_left(daemon, tree, groups):
    wait_until(lambda: not left_alive(tree), 10, f"gone: {describe(left_alive(tree))}")
    left = [path for path in groups if left_behind(path)]
    assert not left, f"cgroups of the killed daemon: {left}"
    strange = [line for line in processes.mounts() if str(daemon.home) in line]
    assert not strange, strange


def left_behind(path):
    """A cgroup of one sandbox; those above it are used again by the next daemon."""
    return os.path.isdir(path) and os.path.basename(path) not in ("lamb",) and no_process(path)


def no_process(path):
    try:
        with open(f"{path}/cgroup.procs", encoding="ascii") as file:
            return not file.read().strip()
    except OSError:
        return False


def sandbox_groups(tree):
    """Cgroups that hold sandboxes: below the daemon's own."""
    return {
        path
        for pid, _ in tree[1:]
        for path in processes.cgroups(pid)
        if path.count("lamb") and path != "/"
    }


def test_kill_during_traffic_loses_nothing_acknowledged(new_daemon):
    lamb = new_daemon()
    owned = [{} for _ in range(3)]
    for turn in range(ROUNDS):
        owners = [Owner(lamb.daemon, known, turn * 10 + i) for i, known in enumerate(owned)]
        for owner in owners:
            owner.start()
        deadline = time.monotonic() + random.Random(turn).uniform(0.1, 1.0)
        wait_until(lambda until=deadline: time.monotonic() > until, 5, "some traffic has gone by")
        tree = lamb.daemon.tree()
        groups = sandbox_groups(tree)
        lamb.daemon.kill()
        for owner in owners:
            owner.stop.set()
        for owner in owners:
            owner.join()
            assert not owner.surprises, owner.surprises
        lamb.close()
        lamb.daemon.start()
        assert_nothing_left(lamb.daemon, tree, groups)
        check_functions(lamb, owned)


def check_functions(lamb, owned):
    listed = {function["FunctionName"] for function in list_all(lamb)}
    for known in owned:
        for name, values in list(known.items()):
            if name not in listed:
                assert None in values, f"{name} was acknowledged and is lost"
                del known[name]
                continue
            lamb.wait_active(name)
            lamb.wait_updated(name)
            answer = lamb.invoke(name, {})
            assert answer.error is None, answer.payload
            assert answer.json in values, f"{name} answers {answer.json}, acknowledged was {values}"
            assert lamb.configuration(name)["CodeSha256"] == packages.sha256_base64(code(answer.json))
            known[name] = {answer.json}
    assert listed == {name for known in owned for name in known}, "functions that nobody made"


def list_all(lamb):
    return [
        f for page in lamb.client.get_paginator("list_functions").paginate() for f in page["Functions"]
    ]


def test_packages_of_refused_and_killed_creates_are_cleaned_up(new_daemon):
    """The data directory does not grow by what no function uses."""
    lamb = new_daemon()
    name = lamb.create(code(1))
    big = packages.zip_files({"bootstrap": "#!/bin/sh\n", "noise": random.Random(1).randbytes(8 << 20)})
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(lamb.create, big, name=f"big-{i}", wait=False) for i in range(4)]
        wait_until(lambda: any(call.done() for call in calls), 30, "one is through")
        lamb.daemon.kill()
        for call in calls:
            call.exception()
    lamb.close()
    lamb.daemon.start()
    for function in list_all(lamb):
        if function["FunctionName"] != name:
            lamb.client.delete_function(FunctionName=function["FunctionName"])
    lamb.close()
    assert lamb.daemon.stop() == 0
    lamb.daemon.start()
    size = sum(path.stat().st_size for path in lamb.daemon.data_dir.rglob("*") if path.is_file())
    assert size < 4 << 20, f"{size} bytes for one small function"
    assert lamb.invoke(name, {}).json == 1


def test_kill_while_stopping(new_daemon):
    lamb = new_daemon()
    name = lamb.create_python(
        "import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=100
    )
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(lamb.invoke, name)
        wait_until(lambda: "START RequestId" in lamb.logs(name), 10, "the call has begun")
        tree = lamb.daemon.tree()
        lamb.daemon.terminate()
        lamb.daemon.kill()
        assert isinstance(call.exception(), FAILURES)
    lamb.close()
    lamb.daemon.start()
    wait_until(lambda: not left_alive(tree), 10, f"gone: {describe(left_alive(tree))}")
    assert lamb.configuration(name)["State"] == "Active"


def test_killed_daemon_takes_its_environments_along(new_daemon):
    """Even when nobody starts it again: no stranger's code runs on without its daemon."""
    lamb = new_daemon()
    name = lamb.create_python(
        "import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=100
    )
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(lamb.invoke, name)
        wait_until(lambda: "START RequestId" in lamb.logs(name), 10, "the call has begun")
        tree = lamb.daemon.tree()
        lamb.daemon.kill()
        call.exception()
    wait_until(lambda: not left_alive(tree), 10, f"gone: {describe(left_alive(tree))}")


def send_signal(pid, number):
    """Fine when it has ended by itself meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_runtime_killed_from_outside(lamb, number):
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'fine'\n"
    name = lamb.create_python(source, Timeout=60)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(lamb.invoke, name, 50)
        wait_until(lambda: "START RequestId" in lamb.logs(name), 10, "the call has begun")
        for pid in strange_processes(lamb.daemon):
            send_signal(pid, number)
        answer = call.result(20)
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.ExitError"
    assert lamb.invoke(name, 0).json == "fine"


def test_idle_runtime_killed_from_outside(lamb):
    """Once the daemon has let go of the dead one, which it does at once, calls get a new one and no error."""
    name = lamb.create_python("def handler(event, context):\n    return 'fine'\n")

    def held():
        return len(processes.descriptors(lamb.daemon.pid, lamb.daemon.port))

    for _ in range(3):
        assert lamb.invoke(name).json == "fine"
        with_environment = held()
        for pid in strange_processes(lamb.daemon):
            send_signal(pid, signal.SIGKILL)
        wait_until(lambda most=with_environment: held() < most, 2, "the daemon has noticed")
    assert lamb.invoke(name).json == "fine"


def test_spawner_killed(new_daemon):
    """Without its spawner the daemon can make nothing: it ends, so that whoever watches over it starts it
    anew, or it makes a new one; in no case do calls hang or environments run on unwatched."""
    lamb = new_daemon()
    lamb.daemon.allowed_errors.append("spawner")
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'fine'\n"
    name = lamb.create_python(source, Timeout=60)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(lamb.request, "POST", f"/2015-03-31/functions/{name}/invocations", "50")
        wait_until(lambda: "START RequestId" in lamb.logs(name), 10, "the call has begun")
        tree = lamb.daemon.tree()
        spawner = [pid for pid, _ in tree if processes.program(pid) == "lamb-spawner"][0]
        below = [(pid, started) for pid, started in tree[1:] if pid != spawner]
        os.kill(spawner, signal.SIGKILL)
        wait_until(call.done, 20, "the call has ended")
    wait_until(lambda: not left_alive(below), 10, f"gone: {describe(left_alive(below))}")
    lamb.close()

    def ended_or_works():
        if not lamb.daemon.is_running():
            return True
        try:
            return lamb.request("POST", f"/2015-03-31/functions/{name}/invocations", "0").status == 200
        except OSError:
            return False

    wait_until(ended_or_works, 20, "the daemon has ended, or works again")
    if not lamb.daemon.is_running():
        assert lamb.daemon.wait() != 0
        lamb.daemon.start()
    assert lamb.invoke(name, 0).json == "fine"


def test_database_journal_cut_off_anywhere(new_daemon):
    """A power cut may leave any beginning of the journal: each must start, every function whole or absent."""
    lamb = new_daemon()
    names = [lamb.create(code(number)) for number in range(4)]
    lamb.close()
    lamb.daemon.kill()
    journals = [path for path in lamb.daemon.data_dir.rglob("*-wal") if path.stat().st_size]
    assert journals, "the database writes ahead"
    saved = lamb.daemon.home / "saved"
    shutil.copytree(lamb.daemon.data_dir, saved)
    size = journals[0].stat().st_size
    for cut in (0, 1, 31, 32, size // 3, size // 2, size - 1):
        for path in saved.glob("lamb.db*"):
            shutil.copyfile(path, lamb.daemon.data_dir / path.name)
        with journals[0].open("r+b") as file:
            file.truncate(cut)
        lamb.daemon.start()
        for function in list_all(lamb):
            assert function["FunctionName"] in names
            assert len(function["CodeSha256"]) == 44
        lamb.close()
        lamb.daemon.kill()


def test_database_that_is_garbage_is_refused_with_its_name(new_daemon):
    lamb = new_daemon()
    lamb.create(code(1))
    lamb.close()
    assert lamb.daemon.stop() == 0
    database = max(lamb.daemon.data_dir.glob("*"), key=lambda path: is_sqlite(path))
    assert is_sqlite(database)
    database.write_bytes(b"this is no database" * 1000)
    command = ["serve", "--data-dir", str(lamb.daemon.data_dir), "--listen", "127.0.0.1:0"]
    done = lamb.daemon.run_cli(*command, check=False)
    assert done.returncode != 0
    assert database.name in done.stderr or str(lamb.daemon.data_dir) in done.stderr


def is_sqlite(path):
    return path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"
