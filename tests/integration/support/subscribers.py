"""Subscribers of the Telemetry API and the Logs API for tests: extensions that keep what they get and tell it
when the environment ends; and how that compares with the function's log."""

import json
import re
from datetime import datetime

TELEMETRY = "2022-07-01/telemetry"
LOGS = "2020-08-15/logs"
PORTS = iter(range(4000, 5000))

# Tells what it got when it is told to end: after the REPORT of the last invocation, so that nothing is
# missing. What subscribers themselves tell is left out.
COLLECT = """
import http.server
received, batches = [], []

def take(events, size):
    kinds = sorted({event["type"] for event in events})
    batches.append([len(events), size, time.time(), events[0]["time"], kinds])
    received.extend(event for event in events if not is_own(event))

def is_own(event):
    return event["type"] == "extension" and " GOT " in event["record"]

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        take(json.loads(body), len(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_PUT = do_POST
    def log_message(self, *words):
        pass

def serve_http(port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

def read_lines(connection):
    for line in connection.makefile("rb"):
        take([json.loads(line)], len(line))

def accept(listener):
    while True:
        threading.Thread(target=read_lines, args=(listener.accept()[0],), daemon=True).start()

def serve_tcp(port):
    listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=accept, args=(listener,), daemon=True).start()

def has_report(request_id):
    return any(
        event["type"] == "platform.report" and event["record"]["requestId"] == request_id
        for event in list(received)
    )

def collect_until_the_end():
    last, event = None, next_event()
    while event["eventType"] != "SHUTDOWN":
        last, event = event["requestId"], next_event()
    while last and not has_report(last) and time.time() * 1000 < event["deadlineMs"] - 300:
        time.sleep(0.01)
    for got in list(received):
        say("GOT", json.dumps(got))
    say("GOT", json.dumps({"type": "batches", "record": batches}))
"""


def subscriber(protocol="HTTP", api=TELEMETRY, schema="2022-12-13", types=None, late_s=0, **buffering):
    """The script of an extension, which may begin to listen late."""
    port = next(PORTS)
    body = {
        "schemaVersion": schema,
        "types": types or ["platform", "function", "extension"],
        "destination": {"protocol": protocol},
    }
    if protocol == "HTTP":
        body["destination"]["URI"] = f"http://sandbox.localdomain:{port}/events"
    else:
        body["destination"]["port"] = port
    if buffering:
        body["buffering"] = buffering
    serve = f"serve_{protocol.lower()}"
    return f"""{COLLECT}
register("INVOKE", "SHUTDOWN")
{f"threading.Timer({late_s}, {serve}, [{port}]).start()" if late_s else f"{serve}({port})"}
answer = subscribe({body!r}, {api!r})
assert answer in ((200, "OK"), (200, "AlreadySubscribed")), answer
collect_until_the_end()
"""


class Seen:
    """What a subscriber got, of all environments: events by log stream, and its batches: how many events and
    bytes, when, how old the first event is, and which types there are."""

    def __init__(self, extended, function, name):
        self.events = {}
        self.batches = []
        for line in extended.log(function):
            if not line.text.startswith(f"{name} GOT "):
                continue
            event = json_of(line.text)
            if event["type"] == "batches":
                self.batches += event["record"]
            else:
                self.events.setdefault(line.stream, []).append(event)

    def of_type(self, kind):
        return [
            event["record"] for events in self.events.values() for event in events if event["type"] == kind
        ]

    def waits_s(self, kind):
        """How old the first event was when batches with events of this type came."""
        return [
            came_s - datetime.fromisoformat(first.replace("Z", "+00:00")).timestamp()
            for _, _, came_s, first, kinds in self.batches
            if kind in kinds
        ]

    def lines(self, stream):
        """As the log has them."""
        texts = (line_of(event["type"], event["record"]) for event in self.events[stream])
        return [text for text in texts if text is not None]


def json_of(text):
    return json.loads(text.split(" GOT ", 1)[1])


def words_of(record, key):
    return ", ".join(word.capitalize() if key == "types" else word for word in record[key])


def line_of(kind, record):
    """None where the log has none."""
    if kind in ("function", "extension"):
        assert record.endswith("\n")
        return record[:-1]
    if kind == "platform.initStart":
        return (
            f"INIT_START Runtime Version: {record['runtimeVersion']}\t"
            f"Runtime Version ARN: {record['runtimeVersionArn']}"
        )
    if kind == "platform.initReport" and record["status"] != "success":
        return f"INIT_REPORT Phase: {record['phase']}\tStatus: {record['status']}"
    if kind == "platform.extension":
        return (
            f"EXTENSION\tName: {record['name']}\tState: {record['state']}\t"
            f"Events: [{words_of(record, 'events')}]"
        )
    if kind in ("platform.telemetrySubscription", "platform.logsSubscription"):
        api = "LOGS" if "logs" in kind else "TELEMETRY"
        return (
            f"{api}\tName: {record['name']}\tState: {record['state']}\t"
            f"Types: [{words_of(record, 'types')}]"
        )
    if kind == "platform.start":
        return f"START RequestId: {record['requestId']} Version: {record['version']}"
    if kind == "platform.end":
        return f"END RequestId: {record['requestId']}"
    if kind == "platform.report":
        metrics = record["metrics"]
        return (
            f"REPORT RequestId: {record['requestId']}\t"
            f"Billed Duration: {metrics['billedDurationMs']} ms\tMemory Size: {metrics['memorySizeMB']} MB\t"
            f"Max Memory Used: {metrics['maxMemoryUsedMB']} MB"
        )
    assert kind in (
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.runtimeDone",
        "platform.fault",
    ), kind
    return None


def comparable(text):
    """A line of the log without what subscribers see otherwise, or not at all."""
    text = re.sub(
        r"^INIT_REPORT Init Duration: \S+ ms\t(.*?)(\tError Type: \S+)?$", r"INIT_REPORT \1", text
    )
    report = re.match(r"(REPORT RequestId: \S+\t)Duration: \S+ ms\t(.* MB)\t", text)
    return report[1] + report[2] if report else text


def logged(extended, function, stream, is_logs_api=False):
    """What a subscriber should have seen: everything but what subscribers tell themselves, and what its API
    has no event for."""
    unseen = ("INIT_START ", "TELEMETRY\t") if is_logs_api else ("END ",)
    return [
        comparable(line.text)
        for line in extended.log(function)
        if line.stream == stream and " GOT " not in line.text and not line.text.startswith(unseen)
    ]
