"""A runtime that was started before its function is known: it waits, is told, and goes on as one that was
started for that function.

On the descriptor that _LAMB_HANDOVER_FD names it writes one byte when it is ready. Then it reads the
variables of the function ("NAME=value", each ended by NUL) to the end of file: its whole environment.
Until then it must look at nothing that lies in the folders of the function or its layers, because the
import system and the dynamic linker remember what they did not find.
"""

import os
import sys

from . import standard

MESSAGE_BYTES = 1 << 17

# What most functions import, directly or through others, for 4 MB; and what we do later.
MODULES = (
    "_sitebuiltins",
    "base64",
    "datetime",
    "json",
    "logging",
    "random",
    "typing",
    "urllib.parse",
    "uuid",
)


def wait(fd, find_folders):
    """`find_folders` tells from the environment where a function's modules are looked for first."""
    loaded = _load()
    try:
        os.write(fd, b"\0")
    except BrokenPipeError:
        pass  # The variables were there before we were ready.
    message = _receive(fd)
    if not message:
        os._exit(0)  # The platform is gone.
    _replace_environment(message)
    os.chdir(os.environ.get("LAMBDA_TASK_ROOT", "/var/task"))
    if _has_any(find_folders(os.environ), loaded):
        # The function or a layer has a module of that name, and must get its own.
        options = ["-S"] if sys.flags.no_site else []
        os.execv(sys.executable, [sys.executable] + options + sys.argv)


def _load():
    """The names at the top of what it has loaded."""
    before = set(sys.modules)
    for name in MODULES:
        standard(name)
    from . import logs  # noqa: F401, sets up logging later

    standard("gc").collect()
    return {name.partition(".")[0] for name in set(sys.modules) - before}


def _receive(fd):
    message = b""
    while True:
        more = os.read(fd, MESSAGE_BYTES)
        if not more:
            break
        message += more
    os.close(fd)
    return message


def _replace_environment(message):
    """In os.environ and for the C library."""
    variables = os.environ._data
    for name in variables:
        os.unsetenv(name)
    variables.clear()
    for variable in message[:-1].split(b"\0"):
        name, _, value = variable.partition(b"=")
        os.putenv(name, value)
        variables[name] = value


def _has_any(folders, names):
    for folder in folders:
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        if not names.isdisjoint([entry.partition(".")[0] for entry in entries]):
            return True
    return False
