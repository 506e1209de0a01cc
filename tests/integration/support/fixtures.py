"""Fixtures of every test that needs a daemon.

`lamb` is a client's view of one daemon that most tests share; after each test its functions are deleted
and the daemon is looked over: descriptors, processes, error lines, sanitizer reports. `new_daemon` starts
daemons of the test's own; they are stopped afterwards, and nothing of them may be left on the machine."""

import uuid

import pytest

from support import clients, daemon as daemons, packages, processes
from support.waiting import wait_until

LAMB_PROGRAMS = {"lamb", "lamb-spawner", "lamb-init"}


class Lamb:
    """One daemon as its clients see it."""

    def __init__(self, daemon):
        self.daemon = daemon
        self._client = None

    @property
    def client(self):
        if self._client is None:
            self._client = clients.boto_client(self.daemon)
        return self._client

    @property
    def account(self):
        return self.daemon.keys.get("AWS_ACCOUNT_ID", "000000000000")

    @property
    def region(self):
        return self.daemon.keys["AWS_REGION"]

    def arn(self, name, qualifier=None):
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"
        return f"{arn}:{qualifier}" if qualifier else arn

    def close(self):
        if self._client is not None:
            self._client.close()
            self._client = None

    @staticmethod
    def new_name(prefix="t"):
        return f"{prefix}-{uuid.uuid4().hex[:10]}"

    def create(
        self, zip_file, runtime="provided.al2023", handler="app.handler", name=None, wait=True, **fields
    ):
        """Creates a function and waits until it is active. Gives its name."""
        name = name or self.new_name()
        self.client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler=handler,
            Code={"ZipFile": zip_file},
            **{"Role": clients.ROLE, **fields},
        )
        if wait:
            self.wait_active(name)
        return name

    def create_python(self, source, **fields):
        return self.create(packages.python_zip(source), runtime="python3.11", **fields)

    def create_node(self, source, **fields):
        fields.setdefault("runtime", "nodejs20.x")
        return self.create(packages.node_zip(source), handler="index.handler", **fields)

    def create_bash(self, handler, **fields):
        return self.create(packages.bash_zip(handler), **fields)

    def create_c(self, body, includes="", **fields):
        return self.create(packages.c_function(body, includes), **fields)

    def configuration(self, name, **parameters):
        answer = self.client.get_function_configuration(FunctionName=name, **parameters)
        answer.pop("ResponseMetadata")
        return answer

    def wait_active(self, name):
        """Faster than the SDK's waiter, which looks once a second."""
        wait_until(lambda: self.configuration(name)["State"] == "Active", 10, f"{name} is active")

    def wait_updated(self, name):
        def is_updated():
            return self.configuration(name).get("LastUpdateStatus") == "Successful"

        wait_until(is_updated, 10, f"{name} is updated")

    def update_code(self, name, zip_file, **parameters):
        self.client.update_function_code(FunctionName=name, ZipFile=zip_file, **parameters)
        self.wait_updated(name)

    def update_configuration(self, name, **parameters):
        self.client.update_function_configuration(FunctionName=name, **parameters)
        self.wait_updated(name)

    def invoke(self, name, event=None, **parameters):
        return clients.invoke(self.client, name, event, **parameters)

    def logs(self, name):
        """All of the function's log; "" while it has none."""
        return self.daemon.run_cli(
            "logs", "--data-dir", str(self.daemon.data_dir), name, check=False
        ).stdout

    def aws(self, *words, **options):
        return clients.aws(self.daemon, *words, **options)

    def node(self, script, *words):
        return clients.node(self.daemon, script, *words)

    def request(self, method, path, body=b"", **options):
        return clients.request(self.daemon, method, path, body, **options)

    def delete_all(self):
        while True:
            functions = self.client.list_functions()["Functions"]
            if not functions:
                return
            for function in functions:
                self.client.delete_function(FunctionName=function["FunctionName"])


def strange_processes(daemon):
    """What runs below the daemon and is not Lamb's own: environments."""
    return [
        pid
        for pid in processes.descendants(daemon.pid)
        if processes.program(pid) not in LAMB_PROGRAMS and not processes.is_parked(pid)
    ]


def added(before, after):
    rest = list(after)
    for item in before:
        if item in rest:
            rest.remove(item)
    return rest


class SharedDaemon:
    """The daemon most tests use; replaced when a test brought it down."""

    def __init__(self):
        self.daemon = None
        self.baseline = []

    def get(self):
        if self.daemon is None or not self.daemon.is_running():
            if self.daemon is not None:
                self.daemon.remove()
            self.daemon = daemons.Daemon().start()
            self._warm_up()
            self.baseline = self._descriptors()
        return self.daemon

    def _descriptors(self):
        if daemons.PARKED_RUNTIMES != "0":
            return []
        return processes.descriptors(self.daemon.pid, self.daemon.port)

    def _warm_up(self):
        """Opens what the daemon opens once and keeps."""
        lamb = Lamb(self.daemon)
        name = lamb.create_bash("echo '{}'")
        lamb.invoke(name, {})
        lamb.delete_all()
        lamb.close()
        wait_until(
            lambda: not strange_processes(self.daemon),
            10,
            "the environment of the first function is gone",
        )

    def look_over(self):
        """Fails on what a test left behind."""
        assert self.daemon.is_running(), f"the daemon died: {self.daemon.stderr()[-8000:]}"
        port, pid = self.daemon.port, self.daemon.pid
        problems = []
        for problem in (
            lambda: [
                f"process left: {text}" for text in daemons.describe(strange_processes(self.daemon))
            ],
            lambda: [f"descriptor left: {text}" for text in added(self.baseline, self._descriptors())],
            lambda: [f"connections left: {processes.front_connections(pid, port)}"]
            * bool(processes.front_connections(pid, port)),
        ):
            try:
                wait_until(lambda found=problem: not found(), 10, "clean")
            except AssertionError:
                problems += problem()
        problems += self.daemon.new_complaints()
        self.baseline = self._descriptors()
        assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def shared_daemon():
    shared = SharedDaemon()
    yield shared
    if shared.daemon is not None:
        try:
            if shared.daemon.is_running():
                shared.daemon.stop_and_check()
        finally:
            shared.daemon.remove()


@pytest.fixture
def lamb(shared_daemon):
    view = Lamb(shared_daemon.get())
    yield view
    if shared_daemon.daemon.is_running():
        view.delete_all()
    view.close()
    shared_daemon.look_over()


@pytest.fixture
def allow(lamb):
    """allow(action) lets the role of the tests' functions do that with everything while the test runs."""
    policies = []

    def add(action):
        policies.append(f"test-{len(policies)}")
        clients.allow_test_role(lamb.daemon, action, policies[-1])

    yield add
    for policy in policies:
        clients.forbid_test_role(lamb.daemon, policy)


@pytest.fixture
def new_daemon():
    """new_daemon(*args, env=None, ...) starts a daemon and gives a Lamb view of it."""
    views = []

    def start(*args, **options):
        view = Lamb(daemons.Daemon(*args, **options).start())
        views.append(view)
        return view

    yield start
    problems = []
    for view in views:
        view.close()
        try:
            if view.daemon.is_running():
                view.daemon.stop_and_check()
        except AssertionError as problem:
            problems.append(str(problem))
        finally:
            view.daemon.remove()
    assert not problems, "\n".join(problems)
