"""Provisioned concurrency: environments that are there before the first call, and stay."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import settings
from support.fixtures import strange_processes
from support.waiting import wait_until

TELLS_PY = """
import os, time

KIND = os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
print("initialised", KIND)

def handler(event, context):
    if event == "crash":
        os._exit(1)
    time.sleep(event or 0)
    return [KIND, context.log_stream_name, context.function_version]
"""

FAILS_PY = "raise RuntimeError('no')"
AHEAD = "provisioned-concurrency"


def publish(lamb, name):
    return lamb.client.publish_version(FunctionName=name)["Version"]


def next_version(lamb, name, text):
    lamb.update_configuration(name, Description=text)
    version = publish(lamb, name)
    lamb.client.get_waiter("published_version_active").wait(
        FunctionName=name, Qualifier=version, WaiterConfig={"Delay": 1}
    )
    return version


def make(lamb, source=TELLS_PY, **fields):
    """A function with a version 1 and an alias `live` of it."""
    name = lamb.create_python(source, **fields)
    publish(lamb, name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


def provision(lamb, name, qualifier, count):
    lamb.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def config(lamb, name, qualifier="live"):
    return lamb.client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)


def counts(lamb, name, qualifier="live"):
    found = config(lamb, name, qualifier)
    return tuple(found[kind + "ProvisionedConcurrentExecutions"] for kind in ("Allocated", "Available"))


def wait_ready(lamb, name, qualifier="live"):
    wait_until(lambda: config(lamb, name, qualifier)["Status"] == "READY", 20, f"{qualifier} is ready")


def call_at_once(lamb, name, qualifier, count, seconds=1.5):
    with ThreadPoolExecutor(count) as pool:
        calls = [pool.submit(lamb.invoke, name, seconds, Qualifier=qualifier) for _ in range(count)]
        return [call.result().json for call in calls]


def kinds(answers):
    return sorted(kind for kind, _, _ in answers)


@pytest.fixture
def ready(lamb):
    """Two are ready for calls through `live`."""
    name = make(lamb)
    provision(lamb, name, "live", 2)
    wait_ready(lamb, name)
    return name


def test_they_are_initialised_before_any_call(lamb, ready):
    assert counts(lamb, ready) == (2, 2)
    wait_until(lambda: lamb.logs(ready).count(f"initialised {AHEAD}") == 2, 5, "both have begun")
    wait_until(lambda: lamb.logs(ready).count("INIT_REPORT Init Duration: ") == 2, 5, "both are reported")
    answer = lamb.invoke(ready, 0, Qualifier="live", LogType="Tail")
    assert answer.json[0] == AHEAD
    assert "REPORT RequestId" in answer.log and "Init Duration" not in answer.log


def test_calls_beyond_them_spill_over(lamb, ready):
    first = call_at_once(lamb, ready, "live", 3)
    assert kinds(first) == ["on-demand", AHEAD, AHEAD]
    second = call_at_once(lamb, ready, "live", 2)
    assert kinds(second) == [AHEAD, AHEAD]
    assert {stream for _, stream, _ in second} < {stream for _, stream, _ in first}
    assert counts(lamb, ready) == (2, 2)


def test_they_are_for_their_alias_alone(lamb, ready):
    for qualifier in ("1", "$LATEST"):
        assert lamb.invoke(ready, 0, Qualifier=qualifier).json[0] == "on-demand"
    lamb.client.create_alias(FunctionName=ready, Name="other", FunctionVersion="1")
    assert lamb.invoke(ready, 0, Qualifier="other").json[0] == "on-demand"


def test_those_of_a_version_are_for_all_its_aliases(lamb):
    name = make(lamb)
    provision(lamb, name, "1", 1)
    wait_ready(lamb, name, "1")
    for qualifier in ("1", "live"):
        assert lamb.invoke(name, 0, Qualifier=qualifier).json[0] == AHEAD
    assert lamb.invoke(name, 0).json[0] == "on-demand"


def test_nothing_is_left_for_others_of_what_is_reserved(lamb, ready):
    lamb.client.put_function_concurrency(FunctionName=ready, ReservedConcurrentExecutions=2)
    path = f"/2015-03-31/functions/{ready}/invocations"
    answer = lamb.request("POST", path, "0")
    assert answer.status == 429
    assert answer.json["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert kinds(call_at_once(lamb, ready, "live", 2)) == [AHEAD, AHEAD]


def test_one_that_crashed_is_replaced(lamb, ready):
    before = {stream for _, stream, _ in call_at_once(lamb, ready, "live", 2)}
    assert lamb.invoke(ready, "crash", Qualifier="live").error == "Unhandled"
    wait_ready(lamb, ready)
    after = call_at_once(lamb, ready, "live", 2)
    assert kinds(after) == [AHEAD, AHEAD]
    assert len(before & {stream for _, stream, _ in after}) == 1


def test_failing_initialisation(lamb):
    name = make(lamb, FAILS_PY)
    provision(lamb, name, "live", 2)
    wait_until(lambda: config(lamb, name)["Status"] == "FAILED", 30, "it failed")
    failed = config(lamb, name)
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert counts(lamb, name) == (0, 0)
    tries = lamb.logs(name).count("INIT_REPORT")
    assert 3 <= tries <= 5, "it is tried again after a while, not at once"
    listed = lamb.client.list_provisioned_concurrency_configs(FunctionName=name)
    assert listed["ProvisionedConcurrencyConfigs"][0]["Status"] == "FAILED"
    provision(lamb, name, "live", 2)
    assert config(lamb, name)["Status"] == "IN_PROGRESS"


def test_an_alias_takes_them_to_its_new_version(lamb, ready):
    version = next_version(lamb, ready, "second")
    lamb.client.update_alias(FunctionName=ready, Name="live", FunctionVersion=version)
    wait_until(lambda: counts(lamb, ready) == (2, 2), 20, "the new ones are ready and the old ones gone")
    answers = call_at_once(lamb, ready, "live", 2)
    assert kinds(answers) == [AHEAD, AHEAD]
    assert {executed for _, _, executed in answers} == {version}


def test_an_alias_is_not_moved_to_a_version_that_has_its_own(lamb, ready):
    version = next_version(lamb, ready, "second")
    provision(lamb, ready, version, 1)
    before = lamb.client.get_alias(FunctionName=ready, Name="live")
    for change in (
        {"FunctionVersion": version},
        {"RoutingConfig": {"AdditionalVersionWeights": {version: 0.5}}},
    ):
        with pytest.raises(
            lamb.client.exceptions.ResourceConflictException, match="on an already Provisioned version"
        ):
            lamb.client.update_alias(FunctionName=ready, Name="live", **change)
    after = lamb.client.get_alias(FunctionName=ready, Name="live")
    assert (after["FunctionVersion"], after["RevisionId"]) == ("1", before["RevisionId"])
    lamb.client.update_alias(FunctionName=ready, Name="live", Description="still changes")
    lamb.client.create_alias(FunctionName=ready, Name="bare", FunctionVersion="1")
    lamb.client.update_alias(FunctionName=ready, Name="bare", FunctionVersion=version)


def test_an_alias_of_latest_has_none(lamb, ready):
    lamb.client.update_alias(FunctionName=ready, Name="live", FunctionVersion="$LATEST")
    wait_until(lambda: counts(lamb, ready) == (0, 0), 20, "they are gone")
    assert config(lamb, ready)["Status"] == "FAILED"
    assert lamb.invoke(ready, 0, Qualifier="live").json[0] == "on-demand"
    lamb.client.update_alias(FunctionName=ready, Name="live", FunctionVersion="1")
    wait_ready(lamb, ready)


def test_an_alias_shares_them_out_by_weight(lamb):
    name = make(lamb)
    version = next_version(lamb, name, "second")
    lamb.client.update_alias(
        FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {version: 0.25}}
    )
    provision(lamb, name, "live", 4)
    wait_ready(lamb, name)
    wait_until(lambda: lamb.logs(name).count(f"initialised {AHEAD}") >= 4, 5, "all four have begun")
    assert lamb.logs(name).count(f"initialised {AHEAD}") == 4
    for _ in range(12):
        assert lamb.invoke(name, 0, Qualifier="live").json[0] == AHEAD


def test_a_version_that_is_not_active_yet_is_waited_for(lamb):
    name = lamb.create_python(TELLS_PY)
    provision(lamb, name, publish(lamb, name), 1)
    wait_ready(lamb, name, "1")


def test_more_and_fewer(lamb, ready):
    provision(lamb, ready, "live", 4)
    wait_ready(lamb, ready)
    assert counts(lamb, ready) == (4, 4)
    provision(lamb, ready, "live", 1)
    assert counts(lamb, ready) == (1, 1)
    assert kinds(call_at_once(lamb, ready, "live", 2)) == ["on-demand", AHEAD]


@pytest.mark.parametrize("end", ["config", "alias", "function"])
def test_they_end_with(new_daemon, end):
    lamb = new_daemon()
    name = make(lamb)
    provision(lamb, name, "live", 2)
    wait_ready(lamb, name)
    assert strange_processes(lamb.daemon)
    if end == "config":
        lamb.client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    elif end == "alias":
        lamb.client.delete_alias(FunctionName=name, Name="live")
    else:
        lamb.client.delete_function(FunctionName=name)
    wait_until(lambda: not strange_processes(lamb.daemon), 10, "their processes are gone")


def test_they_end_with_their_version(lamb):
    name = make(lamb)
    provision(lamb, name, next_version(lamb, name, "second"), 1)
    wait_ready(lamb, name, "2")
    lamb.client.delete_function(FunctionName=name, Qualifier="2")
    assert lamb.invoke(name, 0, Qualifier="1").json[0] == "on-demand"


def test_they_outlive_the_daemon(new_daemon):
    lamb = new_daemon()
    name = make(lamb)
    provision(lamb, name, "live", 2)
    wait_ready(lamb, name)
    lamb.daemon.kill()
    lamb.daemon.start()
    lamb.close()
    wait_ready(lamb, name)
    assert kinds(call_at_once(lamb, name, "live", 2)) == [AHEAD, AHEAD]


@pytest.mark.parametrize("setting", [settings.idle_timeout(1), settings.always_short_of_memory()])
def test_they_stay_while_idle(new_daemon, setting):
    lamb = new_daemon(*setting)
    name = make(lamb)
    provision(lamb, name, "live", 1)
    wait_ready(lamb, name)
    before = lamb.invoke(name, 0, Qualifier="live").json
    time.sleep(2.5)
    assert lamb.invoke(name, 0, Qualifier="live").json == before
