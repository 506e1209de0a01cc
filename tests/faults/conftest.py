"""Faults: the daemon, the processes beside it and its disk fail at the worst moments. Fixtures come from
tests/integration."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from support.fixtures import lamb, new_daemon, shared_daemon  # noqa: E402, F401 (pytest finds them here)


def pytest_collection_modifyitems(config, items):
    if os.geteuid() != 0:
        pytest.exit("these tests need root: scripts/test asks for it", returncode=4)
