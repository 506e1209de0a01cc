"""Asynchronous invocation: what was acknowledged runs, and runs again when it must."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support import clients, events, packages, settings
from support.events import (
    TELLS_PY,
    all_runs,
    over,
    runs,
    send,
    wait_for_line,
    wait_for_runs,
    wait_until_over,
)
from support.waiting import wait_until


@pytest.fixture
def own(new_daemon):
    return new_daemon(*settings.fast_retries())


def configure(lamb, name, **members):
    lamb.client.put_function_event_invoke_config(FunctionName=name, **members)


def times(lamb, name):
    """When each run began, in seconds of its day."""
    found = []
    for line in lamb.logs(name).splitlines():
        if " START " in line:
            clock = line.split("T", 1)[1].split("Z", 1)[0].split(":")
            found.append(int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2]))
    return found


# ---- acceptance


def test_event_runs_under_the_id_that_was_acknowledged(own):
    name = own.create_python(TELLS_PY)
    request_id = send(own, name, {"n": 1})
    assert wait_for_runs(own, name, 1) == [[request_id, own.arn(name), {"n": 1}]]
    wait_until_over(own, {"Success": 1})


def test_no_payload_is_an_empty_object(own):
    name = own.create_python(TELLS_PY)
    send(own, name)
    assert wait_for_runs(own, name, 1)[0][2] == {}


def test_answer_has_no_body_and_tells_no_version(lamb):
    name = lamb.create_python(TELLS_PY)
    path = f"/2015-03-31/functions/{name}/invocations"
    answer = lamb.request("POST", path, "{}", headers={"X-Amz-Invocation-Type": "Event"})
    assert (answer.status, answer.body) == (202, b"")
    assert "x-amz-executed-version" not in answer.headers
    assert answer.headers["x-amzn-trace-id"].startswith("Root=1-")
    wait_for_runs(lamb, name, 1)


def test_deprecated_invoke_async(own):
    name = own.create_python(TELLS_PY)
    answer = own.client.invoke_async(FunctionName=name, InvokeArgs=b'{"n": 2}')
    assert answer["Status"] == 202
    assert wait_for_runs(own, name, 1)[0][2] == {"n": 2}
    missing = own.request("POST", "/2014-11-13/functions/nowhere/invoke-async/", "{}")
    assert (missing.status, missing.error) == (404, "ResourceNotFoundException")
    bad = own.request("POST", f"/2014-11-13/functions/{name}/invoke-async/", "{")
    assert (bad.status, bad.error) == (400, "InvalidRequestContentException")


def test_by_the_aws_cli(own, tmp_path):
    name = own.create_python(TELLS_PY)
    out = tmp_path / "out"
    answer = own.aws(
        *("lambda", "invoke", "--function-name", name, "--invocation-type", "Event"),
        *("--cli-binary-format", "raw-in-base64-out", "--payload", '{"cli":1}', str(out)),
    )
    assert answer == {"StatusCode": 202}
    assert wait_for_runs(own, name, 1)[0][2] == {"cli": 1}


def test_what_can_not_be_accepted(own):
    name = own.create_c('lamb_respond(response, "1", 1); printf("SIZE %zu\\n", event->size);')
    path = f"/2015-03-31/functions/{name}/invocations"

    def refused(path, body):
        answer = own.request("POST", path, body, headers={"X-Amz-Invocation-Type": "Event"})
        return answer.status, answer.error

    assert refused("/2015-03-31/functions/nowhere/invocations", "{}") == (404, "ResourceNotFoundException")
    assert refused(path + "?Qualifier=7", "{}") == (404, "ResourceNotFoundException")
    assert refused(path, "{") == (400, "InvalidRequestContentException")
    assert refused(path, b'"%s"' % (b"x" * 262143)) == (413, "RequestEntityTooLargeException")
    assert over(own) == {}
    own.client.invoke(
        FunctionName=name, InvocationType="Event", Payload=b'"%s"' % (b"x" * (262144 - 2))
    )
    wait_until(lambda: "SIZE 262144" in own.logs(name), 10, "the event came whole")


def test_size_is_a_setting(new_daemon):
    lamb = new_daemon("--event-size-kb", "1024")
    name = lamb.create_c('lamb_respond(response, "1", 1); printf("SIZE %zu\\n", event->size);')
    lamb.client.invoke(FunctionName=name, InvocationType="Event", Payload=b'"%s"' % (b"x" * (1048576 - 2)))
    wait_until(lambda: "SIZE 1048576" in lamb.logs(name), 10, "the event came whole")


def test_strangers_are_refused(own):
    name = own.create_python(TELLS_PY)
    answer = own.request(
        "POST",
        f"/2015-03-31/functions/{name}/invocations",
        "{}",
        headers={"X-Amz-Invocation-Type": "Event"},
        signed=False,
    )
    assert answer.status == 403


def test_pending_function_gets_its_events_later(own):
    name = own.create(
        packages.python_zip(TELLS_PY), runtime="python3.11", handler="app.handler", wait=False
    )
    request_id = send(own, name, {"early": 1})
    assert wait_for_runs(own, name, 1)[0][0] == request_id


# ---- attempts


def test_function_error_is_tried_again_twice(own):
    name = own.create_python(TELLS_PY)
    request_id = send(own, name, {"fail": "no"})
    wait_until_over(own, {"RetriesExhausted": 1})
    assert [run[0] for run in all_runs(own, name, 3)] == [request_id] * 3
    first, second, third = times(own, name)
    assert 0.2 <= second - first < 1 and 0.4 <= third - second < 1.2


@pytest.mark.parametrize("attempts", [0, 1])
def test_fewer_retries_by_configuration_of_the_qualifier(own, attempts):
    name = own.create_python(TELLS_PY, Publish=True)
    own.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    configure(own, name, Qualifier="live", MaximumRetryAttempts=attempts)
    send(own, name, {"fail": "no"}, Qualifier="live")
    wait_until_over(own, {"RetriesExhausted": 1})
    found = all_runs(own, name, attempts + 1)
    assert [run[1] for run in found] == [own.arn(name, "live")] * (attempts + 1)
    send(own, name, {"fail": "no"}, Qualifier="1")
    wait_until_over(own, {"RetriesExhausted": 2})
    all_runs(own, name, attempts + 1 + 3)


@pytest.mark.parametrize("event", [{"exit": 1}, {"sleep": 5}])
def test_crash_and_timeout_are_function_errors(own, event):
    name = own.create_python(TELLS_PY, Timeout=1)
    configure(own, name, MaximumRetryAttempts=1)
    send(own, name, event)
    wait_until_over(own, {"RetriesExhausted": 1})
    all_runs(own, name, 2)


def test_too_old_for_another_attempt(new_daemon):
    lamb = new_daemon("--first-retry-ms", "61000")
    name = lamb.create_python(TELLS_PY)
    configure(lamb, name, MaximumEventAgeInSeconds=60)
    send(lamb, name, {"fail": "no"})
    wait_until_over(lamb, {"EventAgeExceeded": 1})
    all_runs(lamb, name, 1)


def test_update_between_attempts_runs_the_new_code(own):
    name = own.create_python(TELLS_PY)
    request_id = send(own, name, {"fail": "no"})
    wait_for_runs(own, name, 1)
    own.update_code(name, packages.python_zip(TELLS_PY.replace("raise ValueError", "print('NEW CODE')#")))
    wait_until_over(own, {"Success": 1})
    wait_for_line(own, name, "NEW CODE")
    assert {run[0] for run in runs(own, name)} == {request_id}


def test_alias_is_resolved_at_each_attempt(new_daemon):
    lamb = new_daemon(*settings.fast_retries(first_ms=1500))
    name = lamb.create_python(TELLS_PY, Publish=True)
    lamb.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    send(lamb, name, {"fail": "no"}, Qualifier="live")
    wait_for_runs(lamb, name, 1)
    lamb.update_code(name, packages.python_zip("def handler(event, context):\n    print('SECOND')\n"))
    lamb.client.publish_version(FunctionName=name)
    lamb.client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    wait_until_over(lamb, {"Success": 1})
    wait_for_line(lamb, name, "SECOND")


def test_deleted_function_takes_its_events_along(own):
    name = own.create_python(TELLS_PY)
    for i in range(3):
        send(own, name, {"fail": f"no {i}"})
    wait_for_runs(own, name, 3)
    own.client.delete_function(FunctionName=name)
    own.create_python(TELLS_PY, name=name)
    wait_until_over(own, {"Orphaned": 3})
    all_runs(own, name, 3)


def test_deleted_alias_takes_its_events_along(own):
    name = own.create_python(TELLS_PY, Publish=True)
    own.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    send(own, name, {"fail": "no"}, Qualifier="live")
    wait_for_runs(own, name, 1)
    own.client.delete_alias(FunctionName=name, Name="live")
    wait_until_over(own, {"Orphaned": 1})


# ---- concurrency


def test_throttled_events_run_as_soon_as_they_may(own):
    name = own.create_python(TELLS_PY, Timeout=10)
    own.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(1) as pool:
        blocking = pool.submit(own.invoke, name, {"sleep": 1.5})
        wait_for_runs(own, name, 1)
        for i in range(5):
            send(own, name, {"n": i})
        assert over(own) == {}
        assert blocking.result().error is None
    wait_until_over(own, {"Success": 5})
    all_runs(own, name, 6)
    assert events.totals(own, "lamb_async_attempts_repeated_total", "reason")["not-run"] >= 1


def test_backlog_never_exceeds_the_functions_concurrency(own):
    name = own.create_python(TELLS_PY, Timeout=10)
    own.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    for i in range(60):
        send(own, name, {"n": i, "sleep": 0.02})
    wait_until_over(own, {"Success": 60}, 30)
    assert sorted(run[2]["n"] for run in all_runs(own, name, 60)) == list(range(60))
    streams = {line.split(" ")[1] for line in own.logs(name).splitlines() if " START " in line}
    assert len(streams) <= 3


def test_blocked_function_holds_no_other_up(own):
    blocked = own.create_python(TELLS_PY, Timeout=30)
    free = own.create_python(TELLS_PY)
    own.client.put_function_concurrency(FunctionName=blocked, ReservedConcurrentExecutions=1)
    for _ in range(20):
        send(own, blocked, {"sleep": 20})
    request_id = send(own, free, {})
    assert wait_for_runs(own, free, 1, 3)[0][0] == request_id
    own.client.delete_function(FunctionName=blocked)


# ---- ends of the daemon


def test_events_outlive_the_daemon(new_daemon):
    lamb = new_daemon(*settings.fast_retries())
    name = lamb.create_python(TELLS_PY, Timeout=30)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    ids = [send(lamb, name, {"n": i, "sleep": 3}) for i in range(3)]
    wait_for_runs(lamb, name, 1)
    lamb.daemon.kill()
    lamb.close()
    lamb.daemon.start()
    wait_until_over(lamb, {"Success": 3}, 30)
    assert {run[0] for run in all_runs(lamb, name, 4)} == set(ids)


def test_daemon_stops_with_events_in_its_queue(new_daemon):
    lamb = new_daemon(*settings.fast_retries(), *settings.drain_timeout(10))
    name = lamb.create_python(TELLS_PY, Timeout=30)
    lamb.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    for i in range(4):
        send(lamb, name, {"n": i, "sleep": 1})
    wait_for_runs(lamb, name, 1)
    lamb.close()
    assert lamb.daemon.stop() == 0
    lamb.daemon.start()
    wait_until_over(lamb, {"Success": 3}, 20)
    assert sorted(run[2]["n"] for run in all_runs(lamb, name, 4)) == [0, 1, 2, 3]


# ---- loops


def test_function_that_calls_itself_is_stopped(own):
    source = """
import json, os, boto3

def handler(event, context):
    print("RAN", json.dumps([context.aws_request_id, "", event]))
    client = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    client.invoke(FunctionName=context.function_name, InvocationType="Event", Payload=b"{}")
"""
    clients.allow_test_role(own.daemon, "lambda:InvokeFunction")
    name = own.create_python(source, Timeout=20, MemorySize=512)
    configure(own, name, MaximumRetryAttempts=0)
    send(own, name, {})
    wait_until_over(own, {"Success": 15, "RetriesExhausted": 1}, 60)
    all_runs(own, name, 16)
    wait_for_line(own, name, "RecursiveInvocationException")


def test_loop_that_is_allowed(own):
    name = own.create_python(TELLS_PY)
    headers = {"X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=40:00000000:40"}
    answer = own.request("POST", f"/2015-03-31/functions/{name}/invocations", "{}", headers=headers)
    assert (answer.status, answer.error) == (400, "RecursiveInvocationException")
    path = f"/2024-08-31/functions/{name}/recursion-config"
    allowed = own.request("PUT", path, '{"RecursiveLoop":"Allow"}')
    assert allowed.status == 200
    answer = own.request("POST", f"/2015-03-31/functions/{name}/invocations", "{}", headers=headers)
    assert answer.status == 200
