"""Ten submissions of cnn_mnist on two cores beside their floor, as a ratio; the cold start of TensorFlow apart.

Run with ``make bench``. The reference's own trainings are measured once per machine and cached; the first run
pays for them before the clock starts.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from checker import dataset, session
from checker.course import default_course
from checker.server import Server

COUNT, WORKERS = 10, 2
# the fork server, which cannot be sent to a worker but is inherited by one
shared: list[Server] = []
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}


def grade(path: Path) -> float:
    """Grade one submission with the server that this process was forked with, and return its score."""
    lab = default_course().lab("cnn_mnist")
    request = session.Request(lab=lab, path=path, data="embedded")
    return session.check(request, lambda _question, _check: None, shared[0]).score


def main() -> None:
    """Print both times and their ratio."""
    reference = (default_course().lab("cnn_mnist").reference_dir / "cnn_mnist.py").read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        paths = [Path(folder) / f"student_{number}.py" for number in range(COUNT)]
        for number, path in enumerate(paths):
            # a comment apart, so that nothing can be taken from a cache
            path.write_text(reference.partition("\n\nif __name__")[0] + f"\n# {number}\n", "utf-8")
        shared.append(server)
        grade(paths[0])
        start = time.monotonic()
        with multiprocessing.get_context("fork").Pool(WORKERS, maxtasksperchild=1) as pool:
            scores = pool.map(grade, paths, chunksize=1)
        ours = time.monotonic() - start
        data = dataset.load(["mnist"], "embedded").write(Path(folder))
        command = [sys.executable, str(Path(__file__).with_name("floor.py")), str(data), str(COUNT), str(WORKERS)]
        said = subprocess.run(
            command, capture_output=True, text=True, check=True, env={**os.environ, **ENVIRONMENT}
        )
        cold, floor = map(float, said.stdout.split())
    print(f"{COUNT} submissions, {WORKERS} at a time, scores {sorted(set(scores))}")
    print(f"labcheck {ours:.1f} s   floor {floor:.1f} s   ratio {ours / floor:.2f}")
    print(f"cold start of TensorFlow, paid once per machine and in neither: {cold:.1f} s")


if __name__ == "__main__":
    main()
