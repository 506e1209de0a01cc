"""The Telemetry API and the Logs API for real: what subscribers get is what the function's log has."""

import time

import pytest

from support import processes
from support.daemon import plain_build_dir
from support.extensions import Extended, extended  # noqa: F401
from support.fixtures import strange_processes
from support.subscribers import LOGS, TELEMETRY, Seen, logged, subscriber
from support.waiting import wait_until

# Prints, and does what its event says.
TALK_PY = """import os, time
print("loading")
def handler(event, context):
    number, what = event
    print("begin", number)
    if what == "raise":
        raise ValueError(number)
    if what == "crash":
        time.sleep(0.1)
        os._exit(3)
    if what == "sleep":
        time.sleep(60)
    print("end", number)
"""

TALK = """
register("INVOKE")
say("starting")
while True:
    say(next_event()["requestId"])
"""


def shut_down(extended, function):
    extended.retire(function)
    wait_until(lambda: not strange_processes(extended.lamb.daemon), 10, "it is gone")


def what_to_do(number):
    return {17: "crash", 60: "sleep", 101: "crash", 150: "sleep"}.get(
        number, "raise" if number % 9 == 0 else ""
    )


def test_everything_of_200_invocations_reaches_every_subscriber_once(extended):
    """Over HTTP and over TCP, by the Telemetry API and by the older Logs API; from the first event of Init to
    the end, with calls that fail, crash and time out."""
    scripts = {
        "http": subscriber(timeoutMs=100),
        "tcp": subscriber("TCP", timeoutMs=25, schema="2025-01-29"),
        "logs": subscriber(api=LOGS, schema="2021-03-18"),
        "talk": TALK,
    }
    function = extended.with_scripts(TALK_PY, scripts=scripts, Timeout=3, MemorySize=1769)
    answers = [extended.lamb.invoke(function, [number, what_to_do(number)]) for number in range(200)]
    extended.wait_for(function, f"REPORT RequestId: {answers[-1].request_id}")
    shut_down(extended, function)
    assert sum(answer.error is not None for answer in answers) == 27
    streams = {line.stream for line in extended.log(function)}
    for name in ("http", "tcp", "logs"):
        seen = Seen(extended, function, name)
        assert set(seen.events) == streams
        for stream in streams:
            assert seen.lines(stream) == logged(extended, function, stream, is_logs_api=name == "logs")
        for kind in ("platform.start", "platform.runtimeDone", "platform.report"):
            ids = [record["requestId"] for record in seen.of_type(kind)]
            assert sorted(ids) == sorted(answer.request_id for answer in answers), (name, kind)
        statuses = {
            record["requestId"]: record["status"] for record in seen.of_type("platform.runtimeDone")
        }
        for number, answer in enumerate(answers):
            expected = {"crash": "error", "sleep": "timeout"}.get(what_to_do(number))
            assert expected in (None, statuses[answer.request_id]), number
    assert len(Seen(extended, function, "logs").of_type("platform.fault")) == 2, "of those that crashed"


# ---- what is delivered when ----

# Prints as many lines of as many bytes as its event says, with their numbers.
PRINT_PY = """import time
def handler(event, context):
    count, size, seconds = event
    time.sleep(seconds)
    for number in range(count):
        print(f"{number:06d}".ljust(size, "."))
"""


def test_batches_have_so_many_events_at_most(extended):
    script = subscriber(types=["function"], maxItems=1000, timeoutMs=30000)
    function = extended.with_scripts(PRINT_PY, scripts={"few": script}, MemorySize=1769)
    extended.invoke(function, [2500, 20, 0])
    shut_down(extended, function)
    seen = Seen(extended, function, "few")
    assert [batch[0] for batch in seen.batches] == [1000, 1000, 500]
    assert [int(record[:6]) for record in seen.of_type("function")] == list(range(2500))


def test_batches_have_so_many_bytes_at_most(extended):
    script = subscriber(types=["function"], maxBytes=262144, timeoutMs=30000)
    function = extended.with_scripts(PRINT_PY, scripts={"small": script}, MemorySize=1769)
    extended.invoke(function, [900, 1000, 0])
    shut_down(extended, function)
    seen = Seen(extended, function, "small")
    sizes = [batch[1] for batch in seen.batches]
    assert len(sizes) == 4
    assert all(260000 < size <= 262144 for size in sizes[:3])
    assert [int(record[:6]) for record in seen.of_type("function")] == list(range(900))


def test_batches_leave_in_time(extended):
    """After timeoutMs, while the function runs on."""
    scripts = {
        f"after-{timeout_ms}": subscriber(types=["platform"], timeoutMs=timeout_ms)
        for timeout_ms in (25, 800)
    }
    function = extended.with_scripts(PRINT_PY, scripts=scripts, MemorySize=1769)
    extended.invoke(function, [0, 0, 2])
    shut_down(extended, function)
    for timeout_ms in (25, 800):
        seen = Seen(extended, function, f"after-{timeout_ms}")
        (wait,) = seen.waits_s("platform.start")
        assert timeout_ms / 1000 - 0.02 <= wait < timeout_ms / 1000 + 0.4


def test_nothing_is_delivered_while_the_environment_is_frozen(extended):
    """What is due by then comes when it runs again."""
    scripts = {"frozen": subscriber(types=["platform"], timeoutMs=500)}
    function = extended.with_scripts(PRINT_PY, scripts=scripts, MemorySize=1769)
    extended.invoke(function, [0, 0, 0])
    time.sleep(1.5)
    thawed_s = time.time()
    extended.invoke(function, [0, 0, 0.4])
    shut_down(extended, function)
    seen = Seen(extended, function, "frozen")
    came_s = [batch[2] for batch in seen.batches]
    assert thawed_s < came_s[0] < thawed_s + 0.3
    assert "platform.report" in seen.batches[0][4]


def test_subscribers_get_the_types_they_asked_for(extended):
    scripts = {kind: subscriber(types=[kind]) for kind in ("platform", "function", "extension")}
    function = extended.with_scripts(TALK_PY, scripts={**scripts, "talk": TALK}, MemorySize=1769)
    answer = extended.invoke(function, [1, ""])
    shut_down(extended, function)
    events = {
        kind: [event for stream in Seen(extended, function, kind).events.values() for event in stream]
        for kind in scripts
    }
    assert {event["type"].split(".")[0] for event in events["platform"]} == {"platform"}
    records = [(event["type"], event["record"]) for event in events["function"]]
    assert records == [("function", "loading\n"), ("function", "begin 1\n"), ("function", "end 1\n")]
    records = [(event["type"], event["record"]) for event in events["extension"]]
    assert records == [
        ("extension", "talk starting\n"),
        ("extension", f"talk {answer.request_id}\n"),
    ]


@pytest.mark.parametrize(("schema", "is_object"), [("2022-07-01", False), ("2022-12-13", True)])
def test_lines_that_are_objects(extended, schema, is_object):
    source = "def handler(event, context):\n    print('{\"number\": 5}')\n    print('text')\n"
    scripts = {"all": subscriber(types=["function"], schema=schema)}
    function = extended.with_scripts(source, scripts=scripts, MemorySize=1769)
    path = f"/2015-03-31/functions/{function}/configuration"
    extended.lamb.request(
        "PUT", path, '{"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "DEBUG"}}'
    )
    extended.lamb.wait_updated(function)
    extended.lamb.invoke(function)
    extended.wait_for(function, '"platform.report"')
    shut_down(extended, function)
    first = Seen(extended, function, "all").of_type("function")[0]
    assert first == ({"number": 5} if is_object else '{"number": 5}\n')


# ---- consumers that do not follow ----

# Answers nothing until the function has written /tmp/go.
HANG = """
import http.server
lines, dropped = [], []
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        while not os.path.exists("/tmp/go"):
            time.sleep(0.01)
        for event in json.loads(body):
            if event["type"] == "function":
                lines.append(int(event["record"][:6]))
            elif event["type"] == "platform.logsDropped":
                dropped.append([event["record"], len(lines)])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 4999), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
register("INVOKE", "SHUTDOWN")
subscribe({
    "schemaVersion": "2022-12-13",
    "types": ["platform", "function"],
    "buffering": {"timeoutMs": 25},
    "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4999"},
})
while next_event()["eventType"] != "SHUTDOWN":
    pass
time.sleep(0.5)
tell({"lines": lines, "dropped": dropped})
"""

FLOOD_PY = """import sys
count = 0
def handler(event, context):
    global count
    lines = []
    for _ in range(event):
        lines.append(f"{count:06d}".ljust(1000, ".") + "\\n")
        count += 1
    sys.stdout.write("".join(lines))
    if event < 100:
        open("/tmp/go", "w").close()
"""


def test_consumer_that_hangs_costs_no_memory_and_is_told_what_it_missed(new_daemon):
    extended = Extended(new_daemon(build=plain_build_dir()))
    function = extended.with_scripts(FLOOD_PY, scripts={"hang": HANG}, MemorySize=1769, Timeout=30)
    pid = extended.lamb.daemon.pid
    extended.invoke(function, 5000)
    before_kb = processes.rss_kb(pid)
    for _ in range(5):
        extended.invoke(function, 5000)
    assert processes.rss_kb(pid) - before_kb < 8 * 1024
    extended.invoke(function, 10)
    extended.lamb.invoke(function, 10)
    shut_down(extended, function)
    (told,) = extended.told(function, "hang")
    lines, dropped = told["lines"], told["dropped"]
    assert lines == sorted(set(lines)), "in order, none twice"
    assert dropped
    for record, _ in dropped:
        assert record["reason"] == (
            "Consumer seems to have fallen behind as it has not acknowledged receipt of logs."
        )
        assert record["droppedBytes"] > 900 * (record["droppedRecords"] - 50)
    missing = 30020 - len(lines)
    assert missing > 20000
    platform_events = 40
    assert 0 <= sum(record["droppedRecords"] for record, _ in dropped) - missing < platform_events
    first_gap = next((at for at, number in enumerate(lines) if at != number), len(lines))
    assert first_gap == dropped[0][1], "told where they are missing"


def test_consumer_that_is_not_there_yet(extended):
    """Subscribed first, listening later: nothing is lost."""
    script = subscriber(timeoutMs=25, late_s=0.4)
    function = extended.with_scripts(TALK_PY, scripts={"slow": script}, MemorySize=1769)
    extended.invoke(function, [1, ""])
    shut_down(extended, function)
    seen = Seen(extended, function, "slow")
    (stream,) = seen.events
    assert seen.lines(stream) == logged(extended, function, stream)


# ---- subscribing ----

ASK = """
register("INVOKE", "SHUTDOWN")
def ask(api, **changes):
    body = {
        "schemaVersion": "2022-12-13",
        "types": ["platform"],
        "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080"},
    }
    body.update(changes)
    tell(subscribe(body, api))
"""


def answers_to(extended, *questions, after=()):
    """What an extension is answered before, and after the first event."""
    script = ASK + "\n".join(questions) + "\nnext_event()\n" + "\n".join(after) + "\nnext_event()\n"
    function = extended.with_scripts(scripts={"ask": script})
    assert extended.invoke(function, {}).error is None
    extended.texts(function)
    return function, extended.told(function, "ask")


def test_subscription_is_for_init(extended):
    _, answers = answers_to(extended, after=[f"ask({TELEMETRY!r})", f"ask({LOGS!r})"])
    assert answers == [
        [
            403,
            {
                "errorMessage": "Telemetry API subscription is closed",
                "errorType": "Telemetry.SubscriptionClosed",
            },
        ],
        [403, {"errorMessage": "Logs API subscription is closed", "errorType": "Logs.SubscriptionClosed"}],
    ]


def test_wrong_subscriptions(extended):
    _, answers = answers_to(
        extended,
        f"ask({TELEMETRY!r}, types=[], destination={{'protocol': 'HTTP', 'URI': 'http://sandbox'}})",
        f"ask({TELEMETRY!r}, schemaVersion='2020-08-15')",
        f"ask({TELEMETRY!r}, buffering={{'maxItems': 1}})",
        f"ask({TELEMETRY!r}, destination={{'protocol': 'HTTP', 'URI': 'http://example.com:80'}})",
        f"ask({TELEMETRY!r}, destination={{'protocol': 'TCP', 'port': 9001}})",
        "tell(subscribe('nonsense'))",
        "own = dict(identity)\nidentity.clear()",
        f"ask({TELEMETRY!r})",
        "identity.update(own)",
    )
    assert [status for status, _ in answers] == [400, 400, 400, 403, 400, 400, 403]
    assert answers[0][1] == {
        "errorMessage": "URI port is not provided; types should not be empty",
        "errorType": "ValidationError",
    }
    assert answers[2][1]["errorMessage"] == "maxItems should be between 1000 and 10000"
    assert answers[4][1]["errorMessage"] == "port 9001 is reserved"
    assert answers[6][1]["errorType"] == "Extension.MissingExtensionIdentifier"


def test_repeated_and_changed_subscriptions(extended):
    function, answers = answers_to(
        extended,
        f"ask({TELEMETRY!r})",
        f"ask({TELEMETRY!r})",
        f"ask({TELEMETRY!r}, types=['function', 'extension'])",
        f"ask({LOGS!r}, schemaVersion='2021-03-18')",
    )
    assert answers[:3] == [[200, "OK"], [200, "AlreadySubscribed"], [200, "OK"]]
    status, refusal = answers[3]
    assert (status, refusal["errorType"]) == (400, "Logs.AccessDenied")
    assert extended.texts(function, "TELEMETRY\t") == [
        "TELEMETRY\tName: ask\tState: Subscribed\tTypes: [Platform]",
        "TELEMETRY\tName: ask\tState: Already subscribed\tTypes: [Platform]",
        "TELEMETRY\tName: ask\tState: Subscribed\tTypes: [Function, Extension]",
    ]
