"""Seconds of make book and make test in a fresh clone, cold (no environment) and warm.

python benchmarks/build_times.py
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        rows = []
        for state in ("cold", "warm"):
            for target in ("book", "test"):
                start = time.perf_counter()
                done = subprocess.run(["make", target], cwd=clone, capture_output=True, text=True)
                rows.append([f"make {target}", state, f"{time.perf_counter() - start:.0f}"])
                if done.returncode:
                    print(done.stdout[-3000:], done.stderr[-3000:], sep="\n", file=sys.stderr)
                    return 1
        note = "cold: make book makes the environment too; make test after it finds it made"
        print(tabulate(rows, ["command", "state", "seconds"]), note, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
