"""Settings that tests turn, in one place. What each does: docs/settings.md."""


def concurrency(calls):
    return ["--concurrency", str(calls)]


def scaling_rate(environments):
    return ["--scaling-rate", str(environments)]


def idle_timeout(seconds):
    return ["--idle-timeout", str(seconds)]


def always_short_of_memory():
    """No machine has so much available: every idle environment is one too many."""
    return ["--min-available-mb", "1048576"]


def parked_runtimes(most):
    return ["--parked-runtimes", str(most)]


def log_files_of_1_mb(count):
    return ["--log-file-mb", "1", "--log-files", str(count)]


def s3(endpoint):
    return ["--s3-endpoint", endpoint, "--s3-access-key", "test-key", "--s3-secret-key", "test-secret"]


def no_metrics():
    return ["--metrics", "off"]


def no_auth():
    return ["--auth", "off"]


def hosts(*names):
    return ["--hosts", ",".join(names)]


def accounts(*ids):
    return ["--accounts", ",".join(ids)]


def no_role_check():
    return ["--role-check", "off"]


def drain_timeout(seconds):
    return ["--drain-timeout", str(seconds)]


def fast_retries(first_ms=200, second_ms=400, back_off_ms=100):
    """Asynchronous events are tried again soon."""
    return [
        *("--first-retry-ms", str(first_ms), "--second-retry-ms", str(second_ms)),
        *("--back-off-ms", str(back_off_ms), "--back-off-max-ms", "1000"),
    ]
