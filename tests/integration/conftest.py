"""Tests against a real daemon with real clients. Run them with scripts/test, or alone:

    LAMB_BUILD=build /usr/bin/python3 -m pytest tests/integration -k name

They need root, for the sandboxes."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.fixtures import allow, lamb, new_daemon, shared_daemon  # noqa: E402, F401 (for pytest)


def pytest_collection_modifyitems(config, items):
    if os.geteuid() != 0:
        pytest.exit("these tests need root: scripts/test asks for it", returncode=4)
