"""What daemons and clients see of the environment of the tests."""

import os


def clean_environment(extra=None):
    """What a daemon or a client starts with: nothing of the caller's settings, keys or proxies."""
    kept = ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment.update(LANG="C.UTF-8", **(extra or {}))
    return environment
