"""What the caller of a function gets when it fails, and what X-Ray is told. Imported with the first
failure."""

import os
import sys

from . import Fault, codec, standard

# The platform's limit for all headers of a request is 64 KiB.
CAUSE_BYTES = 32 * 1024

_OWN_FOLDER = os.path.dirname(__file__) + os.sep


def describe(error, request_id=""):
    """The error document of the Runtime API, and the cause for X-Ray as one line of ASCII."""
    if isinstance(error, Fault):
        kind, trace, frames = error.kind, error.trace, []
    else:
        kind = type(error).__name__
        frames = _frames(error.__traceback__)
        trace = _format(frames)
    message = _message(error)
    document = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace,
    }
    if sys.version_info < (3, 9):
        del document["requestId"]
    cause_kind = "LambdaValidationError" if isinstance(error, Fault) else kind
    return document, _cause(cause_kind, message, frames)


def _message(error):
    try:
        return str(error)
    except Exception:
        return "<%s whose text can't be made>" % type(error).__name__


def _frames(trace):
    """(file, line, function, source line) from the first frame that isn't the runtime's."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        trace = trace.tb_next
    try:
        entries = standard("traceback").extract_tb(trace)
        return [(entry.filename, entry.lineno, entry.name, entry.line) for entry in entries]
    except Exception:
        # A function may have put modules of its own in the place of those that traceback needs.
        frames = []
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append((code.co_filename, trace.tb_lineno, code.co_name, ""))
            trace = trace.tb_next
        return frames


def _format(frames):
    try:
        return standard("traceback").format_list(frames)
    except Exception:
        return ['  File "%s", line %s, in %s\n' % frame[:3] for frame in frames]


def _cause(kind, message, frames):
    cause = {
        "working_directory": os.getcwd(),
        "exceptions": [
            {
                "message": message,
                "type": kind,
                "stack": [{"label": frame[2], "path": frame[0], "line": frame[1]} for frame in frames],
            }
        ],
        "paths": sorted({frame[0] for frame in frames}),
    }
    text = codec.dump(cause)
    if not text.isascii():
        text = standard("json").dumps(cause)
    return text if len(text) <= CAUSE_BYTES else ""
