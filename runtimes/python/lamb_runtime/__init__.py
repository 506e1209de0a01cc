"""The runtime client for Python functions: takes events from the Lambda Runtime API and hands them to
a handler.

Written for a cold start that costs little more than the interpreter itself: modules that only
failures or some functions need (`faults`, `logs`, and most of the standard library) are imported
when they are needed. Works on Python 3.8 and later, without packages.
"""

import sys

# Where the interpreter looks for its own modules. sys.path[0] is the folder of the main script.
_INTERPRETER_PATH = sys.path[1:]


def standard(name):
    """A module of the standard library, even if the function has one of the same name."""
    if name in sys.modules:
        return sys.modules[name]
    path = sys.path
    sys.path = _INTERPRETER_PATH + path
    try:
        return __import__(name)
    finally:
        sys.path = path


class _State:
    """What log records are told about the invocation at hand, and where they go."""

    request_id = None
    tenant_id = None
    log_fd = None


state = _State()


def streaming(handler):
    """Marks a handler that answers in a stream: handler(event, response_stream, context) writes its response
    to a binary file, or yields it piece by piece. What it returns is ignored."""
    try:
        handler.streams_response = True
        return handler
    except AttributeError:  # A bound method, say.

        def call(event, response_stream, context):
            return handler(event, response_stream, context)

        return streaming(call)


class Fault(Exception):
    """A failure that the runtime itself finds and names, as `Runtime.HandlerNotFound`."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind = kind
        self.trace = list(trace)
