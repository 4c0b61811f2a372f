#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the suites of suites.conf in two lanes side by side, and counts every single test.

What waits most of its time (lane `wait`) leaves a processor idle that what computes (lane `cpu`)
takes, at a lower priority; within a lane the suites follow each other in the order of their rows.

Called by run.sh, which installs what is missing. A test is a TAP line of a cmocka program, a lint,
or a pytest item; a program that breaks off counts as one failed test.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
BUILD_SECONDS = 300  # ceiling for one configure or one compile
STOP_SECONDS = 20  # what an interrupted suite gets to tidy up
BEAT_SECONDS = 30  # off a terminal: a sign of life
FAILURE_LINES = 60  # of a failed test's output
# However we end, even by SIGKILL, our end of the pipe closes and the suite's process group with it.
GUARD = """
exec 3<&0 </dev/null
{ trap '' TERM; cat <&3; kill -TERM 0; sleep 5; kill -KILL 0; } >/dev/null 2>&1 &
exec "$@" 3<&-
"""
GUARDED = ["sh", "-c", GUARD, "sh"]
BUILT = {}  # folder -> whether it compiles
BUILDING = threading.Lock()
CHILDREN = set()  # that run now
STOPPING = threading.Event()
SHOWING = threading.Lock()
# Where the kernel groups tasks by session, nice counts within a session only: what waits is raised.
RAISED = ["sh", "-c", 'echo -10 2>/dev/null >/proc/self/autogroup; exec "$@"', "sh"]
LANES = {"cpu": ["nice", "-n", "10"], "wait": RAISED}  # and how the commands of each are started
SANITIZE_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}
# Kinds of build: options of meson setup, of meson test, and the environment of the tests.
BUILDS = {
    "plain": ([], [], {}),
    "sanitize": (["-Db_sanitize=address,undefined", "-Db_lundef=false"], [], SANITIZE_ENV),
    "valgrind": (
        [],
        [
            "--wrap=valgrind -q --error-exitcode=99 --leak-check=full "
            "--errors-for-leak-kinds=definite,indirect,possible",
            "--timeout-multiplier=10",
        ],
        {"MUTATE_EVERY": "50"},
    ),
}


@dataclass
class Suite:
    name: str
    runner: list
    minutes: int
    lane: str
    what: str


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list = field(default_factory=list)  # (test, output)
    skips: list = field(default_factory=list)  # (test, reason)

    def fail(self, test, output=""):
        self.failed += 1
        self.failures.append((test, output))

    def skip(self, test, reason=""):
        self.skipped += 1
        self.skips.append((test, reason))

    def ran(self):
        return self.passed + self.failed + self.skipped


class Stopped(Exception):
    """The person pressed Ctrl-C, or sent SIGTERM."""


def read_suites():
    suites = {}
    for line in (TOP / "tests/suites.conf").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        name, runner, _packages, minutes, _runs, lane, what = [
            cell.strip() for cell in line.split("|")]
        suites[name] = Suite(name, runner.split(), int(minutes), lane, what)
    return suites


class Progress:
    """One line that moves on a terminal; a sign of life now and then elsewhere."""

    def __init__(self, name, verbose, prefix=()):
        self.name, self.verbose, self.prefix = name, verbose, prefix
        self.moves = sys.stdout.isatty() and not verbose
        self.start = self.beat = time.monotonic()
        self.lines = 0

    def line(self, text):
        self.lines += 1
        now = time.monotonic()
        if self.verbose:
            print(text, end="")
        elif self.moves:
            width = os.get_terminal_size().columns - 1
            shown = f"{self.name:14}{now - self.start:6.0f} s  {text.strip()}"
            print("\r\033[K" + shown[:width], end="", flush=True)
        elif now - self.beat >= BEAT_SECONDS:
            self.beat = now
            print(f"{self.name:14}{now - self.start:6.0f} s  … {text.strip()[:70]}", flush=True)

    def done(self):
        if self.moves:
            print("\r\033[K", end="", flush=True)


def end_child(child):
    """Asks the suite to tidy up and end, ever less politely; then its group is killed."""
    for tell in (lambda: os.killpg(child.pid, signal.SIGINT), child.terminate):
        try:
            tell()
            child.wait(STOP_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            break
    kill_group(child)
    child.wait()


def kill_group(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_child(argv, log, progress, seconds, env=None):
    """Runs a command with its output in `log`; its exit status, or None when out of time."""
    late = threading.Event()

    def stop():
        late.set()
        end_child(child)

    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a", encoding="utf-8", errors="replace") as out, subprocess.Popen(
        [*GUARDED, *progress.prefix, *argv], cwd=TOP, env={**os.environ, **(env or {})},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True,
    ) as child:
        CHILDREN.add(child)
        timer = threading.Timer(max(1, int(seconds)), stop)
        timer.start()
        try:
            for text in child.stdout:
                out.write(text)
                progress.line(text)
            status = child.wait()
        finally:
            timer.cancel()
            CHILDREN.discard(child)
            kill_group(child)
    if STOPPING.is_set():
        raise Stopped
    return None if late.is_set() else status


def compile_all(folder, setup_options, log, progress):
    if not (folder / "build.ninja").exists():
        setup = ["meson", "setup", str(folder), str(TOP), "-Dwerror=true", *setup_options]
        if run_child(setup, log, progress, BUILD_SECONDS) != 0:
            return False
    return run_child(["ninja", "-C", str(folder)], log, progress, BUILD_SECONDS) == 0


def built(build, kind, progress, tally):
    """The compiled build folder of that kind; None, and a failed test, where it does not compile."""
    with BUILDING:
        return built_alone(build, kind, progress, tally)


def built_alone(build, kind, progress, tally):
    folder = build / ("sanitize" if kind == "sanitize" else "plain")
    log = build / "logs" / f"build-{folder.name}.log"
    if folder not in BUILT:
        log.unlink(missing_ok=True)
        BUILT[folder] = compile_all(folder, BUILDS[kind][0], log, progress)
        if not BUILT[folder]:
            tally.fail(f"build of {folder.name}", tail(without_steps(log.read_text())))
    elif not BUILT[folder]:
        tally.fail(f"build of {folder.name}", "as above")
    return folder if BUILT[folder] else None


def without_steps(text):
    return re.sub(r"(?m)^\[\d+/\d+\] .*\n", "", text)


def tail(text, lines=FAILURE_LINES):
    return "\n".join(text.rstrip().splitlines()[-lines:])


def count_tap(tally, program, text):
    """Each TAP line of a cmocka program is a test; the number of `not ok` among them."""
    bad = 0
    for verdict, name in re.findall(r"^(ok|not ok) +\d* *-? *(.*)$", text, re.MULTILINE):
        if "# skip" in name.lower():
            tally.skip(f"{program}: {name}")
        elif verdict == "ok":
            tally.passed += 1
        else:
            bad += 1
            tally.fail(f"{program}: {name}")
    return bad


def count_meson_test(tally, entry):
    name, result = entry["name"].split(" / ")[-1], entry["result"]
    said = entry.get("stdout", "") + entry.get("stderr", "")
    is_tap = re.search(r"^1\.\.\d+", entry.get("stdout", ""), re.MULTILINE)
    bad = count_tap(tally, name, entry["stdout"]) if is_tap else 0
    if result == "SKIP":
        tally.skip(name, tail(said, 1))
    elif result in ("OK", "EXPECTEDFAIL"):
        tally.passed += 0 if is_tap else 1
    elif bad:
        test, _ = tally.failures[-1]
        tally.failures[-1] = (test, tail(said))
    else:
        tally.fail(f"{name} ({result.lower()})", tail(said))


def run_meson(suite, build, progress, tally):
    kind, names = suite.runner[1], suite.runner[2].split(",")
    log = build / "logs" / f"{suite.name}.log"
    folder = built(build, kind, progress, tally)
    if not folder:
        return
    _, test_options, env = BUILDS[kind]
    record = folder / "meson-logs" / f"{suite.name}.json"
    record.unlink(missing_ok=True)
    argv = ["meson", "test", "-C", str(folder), "--logbase", suite.name, *test_options]
    argv += [option for name in names for option in ("--suite", name)]
    status = run_child(argv, log, progress, suite.minutes * 60, env)
    # meson inserts the wrapper's name: NAME-valgrind.json
    for record in folder.glob(f"meson-logs/{suite.name}*.json"):
        for line in record.read_text().splitlines():
            count_meson_test(tally, json.loads(line))
    if status is None:
        tally.fail(f"stopped after {suite.minutes} minutes", tail(log.read_text()))
    elif status != 0 and not tally.failed:
        tally.fail("meson test", tail(log.read_text()))


def count_pytest(tally, record):
    for case in xml.etree.ElementTree.parse(record).iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".strip(".")
        kinds = {child.tag: child for child in case}
        if "failure" in kinds or "error" in kinds:
            bad = kinds["failure"] if "failure" in kinds else kinds["error"]
            tally.fail(name, tail(bad.text or bad.get("message", "")))
        elif "skipped" in kinds:
            tally.skip(name, kinds["skipped"].get("message", ""))
        else:
            tally.passed += 1


def run_pytest(suite, build, progress, tally):
    log = build / "logs" / f"{suite.name}.log"
    folder = built(build, "plain", progress, tally)
    if not folder:
        return
    record = build / "logs" / f"{suite.name}.xml"
    record.unlink(missing_ok=True)
    argv = [PYTHON, "-m", "pytest", "-v", "-p", "no:cacheprovider", f"--junitxml={record}"]
    env = {"ECS_PUBIP_BUILD": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    status = run_child(argv + suite.runner[1:], log, progress, suite.minutes * 60, env)
    if record.exists():
        count_pytest(tally, record)
    if status is None:
        tally.fail(f"stopped after {suite.minutes} minutes", tail(log.read_text()))
    elif status not in (0, 5) and not tally.failed:
        tally.fail("pytest", tail(log.read_text()))


RUNNERS = {"meson": run_meson, "pytest": run_pytest}


def run_suite(suite, build, verbose):
    tally = Tally()
    progress = Progress(suite.name, verbose, LANES[suite.lane])
    (build / "logs" / f"{suite.name}.log").unlink(missing_ok=True)
    try:
        RUNNERS[suite.runner[0]](suite, build, progress, tally)
    finally:
        tally.seconds = time.monotonic() - progress.start
        progress.done()
    if tally.ran() == 0:
        tally.fail("the suite ran no test")
    return tally


def show(name, tally):
    with SHOWING:
        show_alone(name, tally)


def show_alone(name, tally):
    skipped = f"{tally.skipped:5} skipped" if tally.skipped else ""
    print(f"{name:14}{tally.seconds:6.1f} s {tally.passed:5} ok {tally.failed:5} bad {skipped}",
          flush=True)
    for test, reason in tally.skips:
        print(f"    skipped: {test}{': ' if reason else ''}{reason}")
    for test, output in tally.failures:
        print(f"    FAILED: {test}")
        for line in output.splitlines():
            print(f"        {line}")
    sys.stdout.flush()


def on_signal(_number, _frame):
    raise Stopped


def run_lane(suites, build, verbose, tallies):
    """Suites one after the other; each one's Tally is shown and kept when it has ended."""
    for suite in suites:
        if STOPPING.is_set():
            return
        try:
            tally = run_suite(suite, build, verbose)
        except Stopped:
            return
        show(suite.name, tally)
        tallies.append(tally)


def stop_children(lanes):
    STOPPING.set()
    for child in list(CHILDREN):
        end_child(child)
    for lane in lanes:
        lane.join()


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("suite", nargs="+")
    return parser.parse_args()


def main():
    args = parse_args()
    suites = [suite for suite in read_suites().values() if suite.name in args.suite]
    build = args.build.resolve()
    (build / "logs").mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    tallies = []
    lanes = [
        threading.Thread(target=run_lane, args=(
            [suite for suite in suites if suite.lane == lane], build, args.verbose, tallies))
        for lane in LANES
    ]
    status = 0
    try:
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    except Stopped:
        stop_children(lanes)
        print("\ninterrupted: what follows counts only the suites that had ended")
        status = 130
    total = {name: sum(getattr(tally, name) for tally in tallies)
             for name in ("passed", "failed", "skipped")}
    if total["failed"]:
        status = status or 1
        print(f"logs: {build}/logs")
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return status


if __name__ == "__main__":
    sys.exit(main())
