"""Reads /metrics as strictly as Prometheus does (text format 0.0.4)."""

import http.client
import re

TYPE = "text/plain; version=0.0.4; charset=utf-8"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\d+(?:\.\d+)?)")
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}


def read(daemon):
    """{(name, ((label, value), ...)): number}, without a signature."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=20)
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    assert (response.status, response.getheader("Content-Type")) == (200, TYPE), text
    return parse(text)


def parse(text):
    assert text.endswith("\n")
    samples, kinds, helped = {}, {}, set()
    family = None
    for line in text.splitlines():
        if line.startswith("# "):
            word, family, rest = line[2:].split(" ", 2)
            assert re.fullmatch(NAME, family) and rest, line
            if word == "HELP":
                assert family not in helped, f"{family} comes twice"
                helped.add(family)
            else:
                assert word == "TYPE" and family in helped and family not in kinds, line
                assert rest in ("counter", "gauge", "histogram"), line
                kinds[family] = rest
            continue
        found = SAMPLE.fullmatch(line)
        assert found, f"not a sample: {line!r}"
        name, labels, number = found.groups()
        assert belongs(name, family, kinds), f"{line!r} below {family}"
        key = (name, tuple(labels_of(labels or "")))
        assert key not in samples, f"{key} comes twice"
        samples[key] = float(number)
    for family, kind in kinds.items():
        assert any(name.startswith(family) for name, _ in samples), f"{family} has no sample"
        assert kind != "counter" or family.endswith("_total"), family
        if kind == "histogram":
            check_histogram(samples, family)
    return samples


def belongs(name, family, kinds):
    if kinds.get(family) == "histogram":
        return name in (family + "_bucket", family + "_sum", family + "_count")
    return name == family and family in kinds


def labels_of(text):
    for name, value in re.findall(r'([^=,"]+)="((?:[^"\\]|\\.)*)"', text):
        yield name, re.sub(r"\\.", lambda match: ESCAPES[match.group()], value)


def check_histogram(samples, family):
    steps = [
        (float(dict(labels)["le"]), number)
        for (name, labels), number in samples.items()
        if name == family + "_bucket"
    ]
    assert steps == sorted(steps) and [count for _, count in steps] == sorted(count for _, count in steps)
    assert steps[-1] == (float("inf"), samples[family + "_count", ()])


def value(samples, name, **labels):
    """The sum of the samples of that name that have these labels."""
    return sum(
        number
        for (found, pairs), number in samples.items()
        if found == name and labels.items() <= dict(pairs).items()
    )


class Difference:
    """How much everything has grown since it was made."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.before = read(daemon)

    def now(self):
        after = read(self.daemon)
        return lambda name, **labels: value(after, name, **labels) - value(self.before, name, **labels)
