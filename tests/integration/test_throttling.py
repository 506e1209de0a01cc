"""Each limit on calls: driven past by real clients in parallel, and counted, by them and in the metrics."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import metrics, settings
from support.waiting import wait_until

SLEEPS_PY = """
import os, time

def handler(event, context):
    time.sleep(event)
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], context.log_stream_name]
"""

CLIENTS = 12
ACCOUNT = "ConcurrentInvocationLimitExceeded"
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
ACCOUNT_RATE = "FunctionInvocationRateLimitExceeded"
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"
AHEAD, ON_DEMAND = "provisioned-concurrency", "on-demand"


def call(lamb, name, seconds, qualifier="$LATEST"):
    path = f"/2015-03-31/functions/{name}/invocations?Qualifier={qualifier}"
    return lamb.request("POST", path, str(seconds))


def call_at_once(lamb, name, seconds, count=CLIENTS, **how):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: call(lamb, name, seconds, **how), range(count)))


def assert_throttled(answer, reason, retry_after="1"):
    assert (answer.status, answer.error) == (429, "TooManyRequestsException")
    assert answer.json == {"Reason": reason, "Type": "User", "message": "Rate Exceeded."}
    assert answer.headers["retry-after"] == retry_after


def split(answers):
    served = [answer for answer in answers if answer.status == 200]
    return served, [answer for answer in answers if answer.status != 200]


def kinds(served):
    """How many ran in environments of which initialisation type; each in one of its own."""
    assert len({answer.json[1] for answer in served}) == len(served)
    found = [answer.json[0] for answer in served]
    return {kind: found.count(kind) for kind in set(found)}


@pytest.fixture
def new_lamb(new_daemon):
    """Starts a daemon, which must have counted exactly the refusals that its clients got."""
    begun = []

    def start(*args):
        lamb = new_daemon(*args)
        lamb.refused = []
        begun.append((lamb, metrics.Difference(lamb.daemon)))
        return lamb

    yield start
    for lamb, since in begun:
        grown = since.now()
        assert grown("lamb_throttles_total") == len(lamb.refused)
        assert grown("lamb_invocations_total", outcome="throttled") == len(lamb.refused)
        for reason in set(lamb.refused):
            assert grown("lamb_throttles_total", reason=reason) == lamb.refused.count(reason)


def check_refused(lamb, refused, reason, count, retry_after="1"):
    assert len(refused) == count
    for answer in refused:
        assert_throttled(answer, reason, retry_after)
    lamb.refused += [reason] * count


def provision(lamb, name, count):
    """A version 1 with an alias `live`, for which so many are ready."""
    lamb.client.publish_version(FunctionName=name)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lamb.client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=count
    )

    def is_ready():
        config = lamb.client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
        return config["Status"] == "READY"

    wait_until(is_ready, 20, "they are ready")


def test_concurrency_of_the_account(new_lamb):
    lamb = new_lamb(*settings.concurrency(3))
    names = [lamb.create_python(SLEEPS_PY) for _ in range(2)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda i: call(lamb, names[i % 2], 2), range(CLIENTS)))
    served, refused = split(answers)
    assert len(served) == 3
    check_refused(lamb, refused, ACCOUNT, CLIENTS - 3)


def test_reserved_concurrency(new_lamb):
    lamb = new_lamb(*settings.concurrency(20))
    name = lamb.create_python(SLEEPS_PY)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    served, refused = split(call_at_once(lamb, name, 2))
    assert len(served) == 2
    check_refused(lamb, refused, RESERVED, CLIENTS - 2)


def test_what_is_reserved_is_kept_from_others(new_lamb):
    lamb = new_lamb(*settings.concurrency(8))
    name, other = (lamb.create_python(SLEEPS_PY) for _ in range(2))
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    with ThreadPoolExecutor(1) as pool:
        of_other = pool.submit(call_at_once, lamb, other, 3)
        served, refused = split(call_at_once(lamb, name, 3))
        assert len(served) == 3
        check_refused(lamb, refused, RESERVED, CLIENTS - 3)
        served, refused = split(of_other.result())
    assert len(served) == 5
    check_refused(lamb, refused, ACCOUNT, CLIENTS - 5)


def test_function_that_is_switched_off(new_lamb):
    lamb = new_lamb()
    name = lamb.create_python(SLEEPS_PY)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    served, refused = split(call_at_once(lamb, name, 0, 40))
    assert not served
    check_refused(lamb, refused, RESERVED, 40)
    assert metrics.value(metrics.read(lamb.daemon), "lamb_environments_started_total") == 0


def test_provisioned_spills_over_into_the_account(new_lamb):
    lamb = new_lamb(*settings.concurrency(8))
    name, other = (lamb.create_python(SLEEPS_PY) for _ in range(2))
    provision(lamb, name, 3)
    served, refused = split(call_at_once(lamb, name, 2, qualifier="live"))
    assert kinds(served) == {AHEAD: 3, ON_DEMAND: 5}
    check_refused(lamb, refused, ACCOUNT, CLIENTS - 8)
    served, refused = split(call_at_once(lamb, other, 2))  # what is provisioned is taken, used or not
    assert kinds(served) == {ON_DEMAND: 5}
    check_refused(lamb, refused, ACCOUNT, CLIENTS - 5)


def test_provisioned_spills_over_into_what_is_reserved(new_lamb):
    lamb = new_lamb(*settings.concurrency(20))
    name = lamb.create_python(SLEEPS_PY)
    provision(lamb, name, 2)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    served, refused = split(call_at_once(lamb, name, 2, qualifier="live"))
    assert kinds(served) == {AHEAD: 2, ON_DEMAND: 3}
    check_refused(lamb, refused, RESERVED, CLIENTS - 5)
    served, refused = split(call_at_once(lamb, name, 2))
    assert kinds(served) == {ON_DEMAND: 3}
    check_refused(lamb, refused, RESERVED, CLIENTS - 3)


def test_new_environments_of_a_function(new_lamb):
    lamb = new_lamb(*settings.scaling_rate(3))
    name, other = (lamb.create_python(SLEEPS_PY) for _ in range(2))
    served, refused = split(call_at_once(lamb, name, 2))
    assert kinds(served) == {ON_DEMAND: 3}
    check_refused(lamb, refused, ACCOUNT, CLIENTS - 3, "4")
    limit = metrics.value(metrics.read(lamb.daemon), "lamb_throttles_total", limit="scaling-rate")
    assert limit == CLIENTS - 3
    assert {answer.status for answer in call_at_once(lamb, other, 2, 3)} == {200}
    served, _ = split(call_at_once(lamb, name, 1, 3))  # there are idle ones
    assert len(served) == 3


@pytest.mark.parametrize("is_reserved", [True, False])
def test_rate_of_calls(new_lamb, is_reserved):
    """Ten a second for each that may run, by as many clients, who call as fast as they can."""
    clients, rate = 4, 40
    lamb = new_lamb(*settings.concurrency(2 * clients if is_reserved else clients))
    name = lamb.create_python(SLEEPS_PY)
    if is_reserved:
        lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=clients)
    assert len(split(call_at_once(lamb, name, 0.5, clients))[0]) == clients  # the cold starts
    time.sleep(1.1)  # the rate is as it was

    def hammer(_):
        answers, times = [], []
        while not times or times[-1][1] - times[0][0] < 2:
            began = time.monotonic()
            answers.append(call(lamb, name, 0))
            times.append((began, time.monotonic()))
        return answers, times

    with ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(hammer, range(clients)))
    served, refused = split([answer for answers, _ in results for answer in answers])
    check_refused(lamb, refused, RESERVED_RATE if is_reserved else ACCOUNT_RATE, len(refused))
    assert len(refused) > rate, "the limit was not driven past"
    shortest = min(times[-1][0] for _, times in results) - max(times[0][1] for _, times in results)
    longest = max(times[-1][1] for _, times in results) - min(times[0][0] for _, times in results)
    assert rate + int(shortest * rate) <= len(served) <= rate + int(longest * rate)
