"""Where log records go: a descriptor on which the platform reads framed records, if it named one, or
stdout.

A frame is 16 bytes, big-endian (type u32, length u32, time in microseconds u64), then the text. The
type says text or JSON, and the level; one frame is one log event, whatever newlines are in it.
"""

import os
import sys
import time

from . import codec, state

TEXT = 0xA55A0003
JSON = 0xA55A0002
LEVEL_BITS = {10: 0x08, 20: 0x0C, 30: 0x10, 40: 0x14, 50: 0x18}
NO_BREAK_SPACE = "\u00a0"

_sink = None


class StdoutSink:
    def write(self, text, level=0, is_json=False):
        sys.stdout.write(text if text.endswith("\n") else text + "\n")


class FrameSink:
    def __init__(self, fd):
        self._fd = fd

    def write(self, text, level=0, is_json=False):
        message = text.encode("utf-8", "replace")
        kind = (JSON if is_json else TEXT) | LEVEL_BITS.get(level, 0)
        frame = kind.to_bytes(4, "big") + len(message).to_bytes(4, "big")
        frame += (time.time_ns() // 1000).to_bytes(8, "big") + message
        while frame:
            frame = frame[os.write(self._fd, frame) :]


def get():
    global _sink
    if _sink is None:
        _sink = StdoutSink() if state.log_fd is None else FrameSink(state.log_fd)
    return _sink


def wants_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def timestamp(seconds):
    """2024-05-01T12:00:00.123Z"""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return "%s.%03dZ" % (whole, int(seconds * 1000) % 1000)


def write_error(document):
    """Logs a failure that the caller of the function gets as `document`."""
    if wants_json():
        record = {"timestamp": timestamp(time.time()), "level": "ERROR"}
        record.update(document)
        get().write(codec.dump(record) + "\n", 40, True)
        return
    kind, message = document["errorType"], document["errorMessage"]
    lines = ["[ERROR] %s: %s" % (kind, message) if message else "[ERROR] " + kind]
    lines.append("Traceback (most recent call last):")
    for frame in document["stackTrace"]:
        for line in frame.splitlines():
            text = line.lstrip(" ")
            lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
    get().write("\n".join(lines), 40)
