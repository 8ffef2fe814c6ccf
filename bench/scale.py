"""A class through `labcheck grade`: seconds a submission, how much a second core brings, memory, and the floor beside it.

    python bench/scale.py mixed --count 200      one class of a real mix, one at a time and two at a time
    python bench/scale.py proved --count 40      right work that is proved equal, beside its floor
    python bench/scale.py trained --count 20     right work that nothing proves equal: everything is trained
    python bench/scale.py memory --count 40      how much memory each process more takes: one, two and four at a time
    python bench/scale.py trivial --count 1000   work that cannot be read: what the class itself costs
    python bench/scale.py regrade --count 100    a changed text and a changed tolerance, from what was kept
    python bench/scale.py killed --count 24      killed at five random moments, beside a run that was left alone

Memory is the proportional set size (shared pages divided among those who share them) of the command and all its processes,
looked at four times a second by ``memory``, and every five seconds elsewhere.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from a_class import make
from check import ENVIRONMENT, shared, trained

from checker import dataset
from checker.course import default_course
from checker.repair import without_main
from checker.server import Server

LAB = "cnn_mnist"
# looking at the memory takes some 30 ms, which is missing elsewhere where all cores are at work
SELDOM, OFTEN = 5.0, 0.25
# a training method of its own, which does what Keras does: no proof is possible
OWN = "class Net(keras.Sequential):\n    def train_step(self, data):\n        return super().train_step(data)\n\n\ndef small_model"


class Memory(threading.Thread):
    """The most that a process and all it started took at a time, in MB, together and for the command alone."""

    def __init__(self, pid: int, every: float) -> None:
        super().__init__(daemon=True)
        self.every = every
        self.process = psutil.Process(pid)
        self.most = self.own = 0.0

    def run(self) -> None:
        """Until it is gone."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._look()

    def _look(self) -> None:
        while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            total = 0.0
            for each in [self.process, *self.process.children(recursive=True)]:
                try:
                    size = each.memory_full_info().pss / 2**20
                except psutil.Error:
                    continue
                total += size
                if each.pid == self.process.pid:
                    self.own = max(self.own, size)
            self.most = max(self.most, total)
            time.sleep(self.every)


def grade(
    folder: Path, out: Path, *more: str, command: str = "grade", every: float = SELDOM
) -> tuple[float, Memory]:
    """The seconds that a command took, and its memory, looked at ``every`` so many seconds."""
    where = [LAB, str(folder), "-o", str(out), "--data", "embedded"] if command == "grade" else [str(out)]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "checker", command, *where, "--lang", "en", *more], stdout=subprocess.DEVNULL
    )
    memory = Memory(process.pid, every)
    memory.start()
    process.wait()
    return time.monotonic() - began, memory


def copies(folder: Path, count: int, text: str) -> None:
    """``count`` submissions that differ in a comment."""
    for number in range(count):
        own = folder / f"student_{number:04}"
        own.mkdir(parents=True)
        (own / f"{LAB}.py").write_text(f"{text}\n# {number}\n", "utf-8")


def floor(count: int, *, whole: bool, jobs: int = 2) -> float:
    """The seconds that the trainings alone take, ``jobs`` at a time: one epoch as handed in, or with the rubric's budget."""
    lab = default_course().lab(LAB)
    with tempfile.TemporaryDirectory() as name, Server() as server:
        shared[:] = [server]
        models = list(trained(lab))
        if whole:
            # as they are judged: small_model in the batches of its own fit, the others in Keras's
            models = [{**each, "epochs": lab.rubric.budget.epochs} for each in models]
            models[1:] = [{**each, "batch_size": 32} for each in models[1:]]
        path = Path(name) / "models.json"
        path.write_text(json.dumps(models))
        data = dataset.load(["mnist"], "embedded").write(Path(name))
        command = [sys.executable, Path(__file__).with_name("floor.py"), path, data, count, jobs]
        said = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=True, env={**os.environ, **ENVIRONMENT}
        )
    return float(said.stdout.split()[1])


def beside_the_floor(folder: Path, count: int, text: str, *, whole: bool) -> None:
    """Print the ratio."""
    copies(folder / "class", count, text)
    copies(folder / "first", 2, text)
    # the start of everything is paid once a class, whatever its size
    start, _memory = grade(folder / "first", folder / "out2", "-j", "2")
    seconds, memory = grade(folder / "class", folder / "out", "-j", "2")
    ours = (seconds - start) / (count - 2)
    least = floor(count, whole=whole) / count
    print(
        f"{ours:.2f} s a submission, floor {least:.2f} s, ratio {ours / least:.2f}; start {start:.1f} s with the first two;"
    )
    print(f"most memory {memory.most:.0f} MB, of which the command {memory.own:.0f} MB")


def mixed(folder: Path, count: int) -> None:
    """Print how much a second process brings."""
    make(folder / "class", LAB, count)
    # the reference answers once a course, before all others
    copies(folder / "first", 1, "x = 1\n")
    grade(folder / "first", folder / "out0", "-j", "1")
    found = {}
    for jobs in (1, 2):
        seconds, memory = grade(folder / "class", folder / f"out{jobs}", "-j", str(jobs))
        found[jobs] = seconds
        print(
            f"-j {jobs}: {seconds:.0f} s, {seconds / count:.2f} s a submission, most memory {memory.most:.0f} MB,"
            f" of which the command {memory.own:.0f} MB", flush=True,
        )  # fmt: skip
    print(f"throughput of -j 2 beside -j 1: {found[1] / found[2]:.2f}", flush=True)
    same = (folder / "out1/gradebook.csv").read_bytes() == (folder / "out2/gradebook.csv").read_bytes()
    print(f"gradebooks identical: {same}", flush=True)
    alone, both = (floor(6, whole=False, jobs=jobs) for jobs in (1, 2))
    print(f"what the second core brings to trainings in bare processes: {alone / both:.2f}")


def grown(folder: Path, count: int) -> None:
    """Print the most memory with one, two and four processes, and what each more takes."""
    make(folder / "class", LAB, count)
    copies(folder / "first", 1, "x = 1\n")
    grade(folder / "first", folder / "out0", "-j", "1")
    most = {}
    for jobs in (1, 2, 4):
        _seconds, found = grade(folder / "class", folder / f"out{jobs}", "-j", str(jobs), every=OFTEN)
        most[jobs] = found.most
        print(f"-j {jobs}: most memory {found.most:.0f} MB, of which the command {found.own:.0f} MB", flush=True)
    for jobs in (2, 4):
        print(f"-j {jobs}: {(most[jobs] - most[1]) / (jobs - 1):.0f} MB for each process more")


def regrade(folder: Path, count: int) -> None:
    """Print what a changed text and a changed tolerance cost."""
    make(folder / "class", LAB, count)
    course = folder / "course"
    for part in ("rubrics", "reference", "student_template"):
        shutil.copytree(default_course().folder / part / LAB, course / part / LAB)
    grade(folder / "class", folder / "out", "-j", "2", "--course", str(course))
    rubric, checks = course / f"rubrics/{LAB}/rubric.yaml", course / f"rubrics/{LAB}/test_{LAB}.py"
    changes = {
        "text": (rubric, "The small network has", "The little network has"),
        "tolerance": (checks, "atol=2e-3 * factor * SCALE", "atol=3e-3 * factor * SCALE"),
    }
    for name, (path, old, new) in changes.items():
        text = path.read_text("utf-8")
        assert old in text, name
        path.write_text(text.replace(old, new), "utf-8")
        seconds, _memory = grade(folder / "class", folder / "out", "-j", "2", command="regrade")
        start, _memory = grade(folder / "class", folder / "out", "-j", "2", command="regrade")
        print(
            f"{name}: {1000 * (seconds - start) / count:.0f} ms a submission ({seconds:.1f} s, {start:.1f} s with nothing to do)"
        )


def killed(folder: Path, count: int) -> None:
    """Print whether a run that is killed five times comes to what one that is left alone comes to, and does nothing twice."""
    make(folder / "class", LAB, count)
    seconds, _memory = grade(folder / "class", folder / "whole", "-j", "2")
    chance = random.Random()
    told: list[str] = []
    for _kill in range(5):
        # TensorFlow starts first in every run
        told += _killed_at(folder, chance.uniform(seconds / 8, seconds / 4))
        print(f"killed with {len(told)} of {count} told", flush=True)
    told += _killed_at(folder, None)
    same = (folder / "whole/gradebook.csv").read_bytes() == (folder / "out/gradebook.csv").read_bytes()
    print(f"gradebooks identical: {same}; told {len(told)} times, {len(set(told))} submissions")


def _killed_at(folder: Path, seconds: float | None) -> list[str]:
    """The submissions that were told as graded by a run that was killed after so many seconds, None to let it be."""
    arguments = [
        "grade", LAB, folder / "class", "-o", folder / "out", "--data", "embedded", "--lang", "en", "-j", "2",
    ]  # fmt: skip
    with (folder / "said").open("w+b") as said:
        # what is told is told at once, so that a kill loses no word of it
        command = [sys.executable, "-u", "-m", "checker", *map(str, arguments)]
        process = subprocess.Popen(command, stdout=said)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.seek(0)
        return re.findall(r"^\[ *\d+/\d+\] (.+?): ", said.read().decode(), re.MULTILINE)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("what", choices=("mixed", "proved", "trained", "memory", "trivial", "regrade", "killed"))
    parser.add_argument("--count", type=int, default=40)
    asked = parser.parse_args()
    text = without_main((default_course().lab(LAB).reference_dir / f"{LAB}.py").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="labcheck-bench-") as name:
        folder = Path(name)
        if asked.what == "mixed":
            mixed(folder, asked.count)
        elif asked.what == "memory":
            grown(folder, asked.count)
        elif asked.what == "regrade":
            regrade(folder, asked.count)
        elif asked.what == "killed":
            killed(folder, asked.count)
        elif asked.what == "trivial":
            for count in (asked.count // 10, asked.count):
                copies(folder / f"class{count}", count, "def f(:")
                seconds, memory = grade(folder / f"class{count}", folder / f"out{count}", "-j", "2")
                print(
                    f"{count}: {seconds:.1f} s, most memory {memory.most:.0f} MB, the command {memory.own:.0f} MB",
                    flush=True,
                )
        elif asked.what == "proved":
            beside_the_floor(folder, asked.count, text, whole=False)
        else:
            own = text.replace("def small_model", OWN, 1).replace("keras.Sequential(\n", "Net(\n")
            beside_the_floor(folder, asked.count, own, whole=True)


if __name__ == "__main__":
    main()
