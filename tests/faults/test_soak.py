"""A small bench/soak: calls, updates, crashes, time-outs, layers and throttles mixed; afterwards nothing is
held that was not held before. The large one is `bench/soak`, with the same code. The plain build: what a
sanitizer keeps of freed memory looks like a leak."""

import json
import subprocess
import sys

from support.daemon import ROOT, plain_build_dir
from support.environment import clean_environment


def test_soak(tmp_path):
    out = tmp_path / "soak.json"
    command = [sys.executable, ROOT / "bench" / "soak", "--build-dir", plain_build_dir(), "--out", out]
    done = subprocess.run(
        [*command, "--calls", "4000", "--functions", "10", "--minutes", "2"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["calls"] >= 4000
    assert result["outcomes"]["crash"] >= 1 and result["outcomes"]["timeout"] >= 1
    assert min(result["changes"].values()) >= 1 and len(result["changes"]) == 5
