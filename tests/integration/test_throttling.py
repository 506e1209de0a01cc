"""Each limit on calls: driven past by real clients in parallel, and counted."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import settings

SLEEPS_PY = """
import time

def handler(event, context):
    time.sleep(event)
    return context.log_stream_name
"""

CLIENTS = 12
ACCOUNT = "ConcurrentInvocationLimitExceeded"
RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
ACCOUNT_RATE = "FunctionInvocationRateLimitExceeded"
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"


def call(lamb, name, seconds):
    return lamb.request("POST", f"/2015-03-31/functions/{name}/invocations", str(seconds))


def call_at_once(lamb, name, seconds, count=CLIENTS):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: call(lamb, name, seconds), range(count)))


def assert_throttled(answer, reason, retry_after="1"):
    assert (answer.status, answer.error) == (429, "TooManyRequestsException")
    assert answer.json == {"Reason": reason, "Type": "User", "message": "Rate Exceeded."}
    assert answer.headers["retry-after"] == retry_after


def split(answers):
    served = [answer for answer in answers if answer.status == 200]
    return served, [answer for answer in answers if answer.status != 200]


def test_concurrency_of_the_account(new_daemon):
    lamb = new_daemon(*settings.concurrency(3))
    names = [lamb.create_python(SLEEPS_PY) for _ in range(2)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda i: call(lamb, names[i % 2], 2), range(CLIENTS)))
    served, refused = split(answers)
    assert len(served) == 3
    for answer in refused:
        assert_throttled(answer, ACCOUNT)


def test_reserved_concurrency(new_daemon):
    lamb = new_daemon(*settings.concurrency(20))
    name = lamb.create_python(SLEEPS_PY)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    served, refused = split(call_at_once(lamb, name, 2))
    assert len(served) == 2
    for answer in refused:
        assert_throttled(answer, RESERVED)


def test_new_environments_of_a_function(new_daemon):
    lamb = new_daemon(*settings.scaling_rate(3))
    name, other = (lamb.create_python(SLEEPS_PY) for _ in range(2))
    served, refused = split(call_at_once(lamb, name, 2))
    assert len({answer.json for answer in served}) == len(served) == 3
    for answer in refused:
        assert_throttled(answer, ACCOUNT, "4")
    assert {answer.status for answer in call_at_once(lamb, other, 2, 3)} == {200}
    served, refused = split(call_at_once(lamb, name, 1, 3))  # there are idle ones
    assert len(served) == 3


@pytest.mark.parametrize("is_reserved", [True, False])
def test_rate_of_calls(new_daemon, is_reserved):
    """One after the other, more than there may be: ten a second for each of two that may run."""
    rate = 20
    lamb = new_daemon(*settings.concurrency(4 if is_reserved else 2))
    name = lamb.create_python(SLEEPS_PY)
    if is_reserved:
        lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    assert call(lamb, name, 0).status == 200  # the cold start
    time.sleep(1.1)  # the rate is as it was
    answers, times = [], []
    for _ in range(4 * rate):
        began = time.monotonic()
        answers.append(call(lamb, name, 0))
        times.append((began, time.monotonic()))
    served, refused = split(answers)
    assert refused
    for answer in refused:
        assert_throttled(answer, RESERVED_RATE if is_reserved else ACCOUNT_RATE)
    shortest = times[-1][0] - times[0][1]
    longest = times[-1][1] - times[0][0]
    assert rate + int(shortest * rate) <= len(served) <= rate + int(longest * rate)
