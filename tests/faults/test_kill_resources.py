"""kill -9 of the daemon while resources of every kind are changed: what was acknowledged is there afterwards,
exactly; what was not is there whole or not at all; no number is given twice."""

import http.client
import json
import random
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.exceptions
import pytest

from function_owner import FunctionOwner
from identity_owner import IdentityOwner
from layer_owner import LayerOwner
from rival import Prize, Rival
from source_owner import SourceOwner
from support import clients, settings
from support.daemon import Daemon
from support.waiting import wait_until

ROUNDS = 20
OTHER = "111111111111"


def whose(daemon, key, secret):
    """The ARN that an access key stands for; None when it lets nobody in."""
    answer = clients.query(daemon, "sts", "GetCallerIdentity", access_key=key, secret=secret)
    assert answer.status in (200, 403), answer.body
    return re.search("<Arn>(.*)</Arn>", answer.body.decode())[1] if answer.status == 200 else None


def root_keys(daemon):
    """{account: (access key, secret)}"""
    shown = daemon.run_cli("env", "--data-dir", str(daemon.data_dir), "--account", OTHER).stdout
    other = re.findall("_ACCESS_KEY(?:_ID)?=(\\S+)", shown)
    own = daemon.keys["AWS_ACCESS_KEY_ID"], daemon.keys["AWS_SECRET_ACCESS_KEY"]
    return {"000000000000": own, OTHER: other}


@pytest.fixture
def owners():
    with ThreadPoolExecutor(10) as pool:
        yield Owners(pool)


class Owners:
    """All of them, each on a thread of its own."""

    def __init__(self, pool):
        self.pool = pool
        prize = Prize()
        self.all = [
            FunctionOwner("kill-a"),
            FunctionOwner("kill-b"),
            LayerOwner("kill-c"),
            SourceOwner("kill-d"),
            IdentityOwner("kill-e"),
            IdentityOwner("kill-f"),
            *(Rival(f"kill-rival-{number}", prize) for number in range(3)),
        ]

    def each(self, work):
        for done in [self.pool.submit(work, owner) for owner in self.all]:
            done.result(60)

    def connect(self, daemon):
        def sign_in(key, secret):
            return whose(daemon, key, secret)

        def request(method, path, members=None):
            """An operation that the SDK does not know, with its exceptions. Gives the answer's members."""
            body = json.dumps(members) if members else b""
            try:
                answer = clients.request(daemon, method, path, body)
            except (OSError, http.client.HTTPException) as error:
                raise botocore.exceptions.HTTPClientError(error=error) from error
            if answer.status >= 300:
                error = {"Error": {"Code": answer.error, "Message": answer.message}}
                raise botocore.exceptions.ClientError(error, f"{method} {path}")
            return answer.json

        options = {"read_timeout": 20, "connect_timeout": 5}
        self.clients = {
            "lambda": clients.boto_client(daemon, **options),
            "iam": clients.boto_client(daemon, "iam", **options),
        }
        for owner in self.all:
            owner.connect({**self.clients, "sign_in": sign_in, "request": request})

    def disconnect(self):
        for client in self.clients.values():
            client.close()

    def idle(self):
        """Kinds of changes that nobody of a kind of owner ever had acknowledged."""
        never = {}
        for owner in self.all:
            never.setdefault(type(owner).__name__, []).append(set(owner.never_done()))
        return sorted(f"{kind}.{name}" for kind, names in never.items() for name in set.intersection(*names))

    def run_in_peace(self, limit_s):
        """What chance left out until now."""
        stop = threading.Event()
        running = [self.pool.submit(owner.run, stop) for owner in self.all]
        try:
            wait_until(lambda: not self.idle(), limit_s, "every kind of change was acknowledged")
        finally:
            stop.set()
            for done in running:
                done.result(60)

    def run_until_killed(self, daemon, after_s):
        stop = threading.Event()
        running = [self.pool.submit(owner.run, stop) for owner in self.all]
        time.sleep(after_s)  # waits for nothing: it chooses the moment of the kill
        assert daemon.is_running(), daemon.stderr()[-8000:]
        daemon.kill()
        stop.set()
        for done in running:
            done.result(60)
        self.disconnect()


# Records that belong to something that isn't there.
ALONE = {
    "of functions": """
        SELECT scope, kind, name FROM record WHERE scope LIKE 'function/%' AND NOT EXISTS
        (SELECT 1 FROM function WHERE 'function/' || function.name = record.scope)""",
    "of versions or aliases": """
        SELECT scope, kind, name FROM record WHERE scope LIKE 'function/%' AND kind <> 'alias'
        AND name NOT IN ('', '$LATEST') AND NOT EXISTS
        (SELECT 1 FROM function_version AS version
            WHERE 'function/' || version.name = scope AND CAST(version.number AS TEXT) = record.name)
        AND NOT EXISTS (SELECT 1 FROM record AS alias WHERE alias.kind = 'alias'
            AND alias.scope = record.scope AND alias.name = record.name)""",
    "of code signing configurations": """
        SELECT scope, kind, name FROM record WHERE kind = 'code-signing' AND NOT EXISTS
        (SELECT 1 FROM record AS config WHERE config.kind = 'code-signing-config'
            AND instr(record.document, config.name))""",
    "of layer versions": """
        SELECT scope, kind, name FROM record WHERE scope LIKE 'layer/%' AND kind <> 'version' AND NOT EXISTS
        (SELECT 1 FROM record AS version WHERE version.kind = 'version'
            AND version.scope = record.scope AND version.name = record.name)""",
}


def check_database(daemon):
    """As it was left."""
    copy = daemon.home / "copy"
    copy.mkdir()
    for path in daemon.data_dir.glob("lamb.db*"):
        shutil.copyfile(path, copy / path.name)
    database = sqlite3.connect(copy / "lamb.db")
    alone = {what: database.execute(query).fetchall() for what, query in ALONE.items()}
    aliases = database.execute("SELECT scope, document FROM record WHERE kind = 'alias'").fetchall()
    versions = database.execute("SELECT 'function/' || name, number FROM function_version").fetchall()
    database.close()
    shutil.rmtree(copy)
    assert not any(alone.values()), alone
    lost = [
        alias
        for alias in aliases
        if (alias[0], int(json.loads(alias[1])["FunctionVersion"])) not in versions
    ]
    assert not lost, f"aliases of versions that do not exist: {lost}"


def test_kill_while_resources_change_loses_nothing_acknowledged(new_daemon, owners):
    daemon = new_daemon().daemon
    owners.connect(daemon)
    owners.each(lambda owner: owner.set_up())
    for turn in range(ROUNDS):
        owners.run_until_killed(daemon, random.Random(turn).uniform(0.05, 1.5))
        check_database(daemon)
        daemon.start()
        if turn % 4 == 0:  # while functions that were Pending or InProgress go on
            daemon.kill()
            daemon.start()
        owners.connect(daemon)
        owners.each(lambda owner: owner.check(owner.show()))
    owners.run_in_peace(30)
    owners.each(lambda owner: owner.check(owner.show()))
    owners.disconnect()
    assert not owners.idle(), f"never acknowledged, so that this test says nothing of them: {owners.idle()}"


def test_kill_while_a_data_directory_is_made():
    """The very first start makes keys for each account, and is killed at any moment: the next one goes on."""
    for turn in range(12):
        daemon = Daemon(*settings.accounts(OTHER))
        command = [
            daemon.program,
            "serve",
            "--data-dir",
            str(daemon.data_dir),
            "--listen",
            "127.0.0.1:0",
        ]
        first = subprocess.Popen(
            [*command, *daemon.args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.005 * turn)  # waits for nothing: it chooses the moment of the kill
        first.kill()
        first.wait()
        try:
            daemon.start()
            for account, key in root_keys(daemon).items():
                assert whose(daemon, *key) == f"arn:aws:iam::{account}:root"
            assert daemon.stop() == 0
        finally:
            daemon.remove()


def test_number_of_a_version_is_not_given_to_another_function_of_that_name(new_daemon):
    lamb = new_daemon()
    assert [make_and_delete(lamb) for _ in range(2)] == ["1", "2"]
    lamb.close()
    lamb.daemon.kill()
    lamb.daemon.start()
    assert [make_and_delete(lamb) for _ in range(2)] == ["3", "4"]


def make_and_delete(lamb):
    """The version that a new function begins with."""
    lamb.create_bash("echo 1", name="again")
    version = lamb.client.publish_version(FunctionName="again")["Version"]
    lamb.client.delete_function(FunctionName="again")
    return version
