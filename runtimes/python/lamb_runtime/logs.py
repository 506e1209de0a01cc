"""Python's logging as Lambda sets it up: one handler on the root logger, text or JSON, in UTC, with
the request id.

Imported once the function has imported `logging`, see loop.py.
"""

import logging
import os
import time

from . import sink, standard, state

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"

# What a plain LogRecord carries, and what the JSON record says under another name.
ADDED_FIELDS = ("message", "asctime", "aws_request_id", "tenant_id")
OWN_FIELDS = frozenset((*logging.makeLogRecord({}).__dict__, *ADDED_FIELDS))


def install():
    is_json = sink.wants_json()
    handler = _Handler(is_json)
    text_formatter = logging.Formatter(TEXT_FORMAT, "%Y-%m-%dT%H:%M:%S")
    handler.setFormatter(_JsonFormatter() if is_json else text_formatter)
    handler.addFilter(_add_invocation)
    logging.Formatter.converter = time.gmtime
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)


def _add_invocation(record):
    record.aws_request_id = state.request_id or ""
    record.tenant_id = state.tenant_id
    return True


class _Handler(logging.Handler):
    def __init__(self, is_json):
        super().__init__()
        self._is_json = is_json

    def emit(self, record):
        try:
            text = self.format(record)
            sink.get().write(text, min(50, record.levelno // 10 * 10), self._is_json)
        except Exception:
            self.handleError(record)


class _JsonFormatter(logging.Formatter):
    def format(self, record):
        fields = {
            "timestamp": sink.timestamp(record.created),
            "level": logging.getLevelName(max(0, min(50, record.levelno // 10 * 10))),
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            kind, error, trace = record.exc_info
            fields["stackTrace"] = standard("traceback").format_tb(trace)
            fields["errorType"] = kind.__name__ if kind else None
            fields["errorMessage"] = str(error)
        fields["requestId"] = record.aws_request_id
        if record.exc_info:
            fields["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        fields["tenantId"] = record.tenant_id
        for name, value in record.__dict__.items():
            if name not in OWN_FIELDS and name not in fields:
                fields[name] = value
        present = {name: value for name, value in fields.items() if value is not None}
        return standard("json").dumps(present, ensure_ascii=False, default=str) + "\n"
