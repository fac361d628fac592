#!/usr/bin/env python3
"""Builds, then runs the labels of tests/time_table.json one after the other, each against its
share of the time. Called by tools/test. A label that takes longer than its share is a warning; one
that runs nothing although what it needs is there is a failure."""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
# Cases; of the skipped ones texts.
Outcome = collections.namedtuple("Outcome", "passed failed skipped")
# What unittest says of a case that it left out, in a program that ran others.
LEFT_OUT = re.compile(r"^(\w+) .*\.\.\. skipped (.+)$", re.MULTILINE)


def say(text):
    print(text, flush=True)


def human(seconds):
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"


class Stopwatch:
    """Times the steps against their shares; keeps the warnings for the end."""

    def __init__(self, table, started):
        self.table, self.started, self.warnings = table, started, []

    def close(self, name, began, share):
        return self._compare(f"{name} took", time.time() - began, "its share", share)

    def close_all(self):
        return self._compare("all took", time.time() - self.started, "the limit",
                             self.table["total_seconds"])

    def _compare(self, what, took, name, share):
        if took > share:
            self.warnings.append(f"{what} {human(took)}, {name} is {human(share)}")
        return f"{human(took)} of {human(share)}"


def run_logged(argv, log, env=None):
    """Exit code 0 or not; the output goes to the log."""
    with open(log, "w") as out:
        return subprocess.run(argv, env=env, stdout=out, stderr=subprocess.STDOUT).returncode == 0


def build(preset, watch):
    began, log = time.time(), LOGS / f"build-{preset}.log"
    row = watch.table["builds"][preset]
    ok = run_logged([ROOT / "tools" / "build", preset, *row.get("targets", [])], log)
    took = watch.close(f"build {preset}", began, row["seconds"])
    say(f"build {preset}: {'done' if ok else 'FAILED'}, {took}")
    if not ok:
        say(log.read_text()[-6000:])
    return ok


def fetch_release(name, env, watch):
    """The engines themselves, once; without them no cluster test can run."""
    began, log = time.time(), LOGS / "fetch.log"
    binary = ROOT / watch.table["binary"]
    own = dict(env, BDAAS_HOME=str(ROOT / "build" / "fetch-home"))  # not the user's manager
    ok = run_logged([binary, "releases", "fetch", name], log, own)
    run_logged([binary, "stop"], LOGS / "fetch-stop.log", own)
    took = watch.close("fetch", began, watch.table["fetch_seconds"])
    say(f"fetch {name}: {'done' if ok else 'FAILED'}, {took}")
    if not ok:
        say(log.read_text()[-2000:])
    return ok


def python_for_tests():
    """A Python with tests/requirements.txt, made once, and again when the file changes; or None."""
    wanted = ROOT / "tests" / "requirements.txt"
    folder = ROOT / "build" / "python"
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        log = LOGS / "python.log"
        if not (run_logged([sys.executable, "-m", "venv", "--clear", folder], log) and
                run_logged([folder / "bin" / "pip", "install", "--quiet", "-r", wanted], log)):
            say(log.read_text()[-2000:])
            return None
        shutil.copy(wanted, stamp)
    return str(folder / "bin" / "python")


def environment():
    env = dict(os.environ)
    env.setdefault("BDAAS_PACKAGES", str(ROOT / "build" / "packages"))
    env["ASAN_OPTIONS"] = "detect_leaks=1"
    env["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    return env


def read_junit(path):
    outcome = Outcome([], [], [])
    cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase") if path.exists() else []
    for case in cases:
        if case.get("status") == "fail":
            outcome.failed.append(case)
        elif case.get("status") == "run":
            outcome.passed.append(case)
            outcome.skipped.extend(": ".join((case.get("name"), *left_out)) for left_out in
                                   LEFT_OUT.findall(case.findtext("system-out") or ""))
        else:
            outcome.skipped.append(case.get("name"))
    return outcome


def run_label(name, row, env, watch):
    """One label in one build; what failed is shown, what was skipped is named."""
    began = time.time()
    junit, log = LOGS / f"{name}.xml", LOGS / f"{name}.log"
    junit.unlink(missing_ok=True)
    run_logged(["ctest", "--test-dir", ROOT / "build" / row["build"], "--no-tests=error",
                "--label-regex", f"^{row['label']}$", "--parallel", str(row.get("parallel", 1)),
                "--output-on-failure", "--test-output-size-passed", str(1 << 20),
                "--output-junit", junit], log, env)
    outcome = read_junit(junit)
    say(f"{name}: {len(outcome.passed)} passed, {len(outcome.failed)} failed, "
        f"{len(outcome.skipped)} skipped, {watch.close(name, began, row['seconds'])}")
    for case in outcome.failed:
        output = case.findtext("system-out") or ""
        say(f"--- {name}: {case.get('name')} failed\n{output[-4000:]}")
    for case in outcome.skipped:
        say(f"--- {name}: {case} was skipped")
    return outcome


def can_make_namespaces():
    return shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "true"],
        check=False, capture_output=True).returncode == 0


class Run:
    """Goes through the rows; sums up."""

    def __init__(self, table, started):
        self.watch = Stopwatch(table, started)
        say(f"install: {self.watch.close('install', started, table['install_seconds'])}")
        self.env = environment()
        self.builds, self.fetched = {}, {}
        self.passed, self.failed, self.skipped, self.complaints = 0, 0, 0, []

    def prepared(self, row):
        """Each build and each release once, whatever came of it."""
        preset, release = row["build"], row.get("release")
        if preset not in self.builds:
            self.builds[preset] = build(preset, self.watch)
        if row.get("python"):
            python = python_for_tests()
            if python is None:
                return False
            self.env["BDAAS_TEST_PYTHON"] = python
        if not self.builds[preset] or release is None:
            return self.builds[preset]
        if release not in self.fetched:
            self.fetched[release] = fetch_release(release, self.env, self.watch)
        return self.fetched[release]

    def label(self, name, row):
        lacking = [program for program in row.get("needs", []) if shutil.which(program) is None]
        if row.get("namespaces") and not can_make_namespaces():
            lacking.append("the right to make namespaces (root)")
        if lacking:
            say(f"{name}: skipped, this machine lacks {', '.join(lacking)}")
            self.skipped += 1
            return
        if not self.prepared(row):
            self.complaints.append(f"{name} could not run")
            return
        outcome = run_label(name, row, self.env, self.watch)
        self.passed += len(outcome.passed)
        self.failed += len(outcome.failed)
        self.skipped += len(outcome.skipped)
        if not outcome.passed and not outcome.failed:
            self.complaints.append(f"{name} ran no test although it could")

    def close(self):
        say(f"all: {self.watch.close_all()}")
        for warning in self.watch.warnings:
            say(f"warning: {warning}")
        for complaint in self.complaints:
            say(f"failure: {complaint}")
        failed = self.failed + len(self.complaints)
        say(f"{self.passed} passed, {failed} failed, {self.skipped} skipped")
        return 1 if failed else 0


def shares(table):
    """Seconds of all of the table."""
    rows = (*table["builds"].values(), *table["labels"].values())
    return table["install_seconds"] + table["fetch_seconds"] + sum(r["seconds"] for r in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--started", type=float, default=time.time(), help="seconds since 1970")
    parser.add_argument("labels", nargs="*", help="labels of tests/time_table.json; default: all")
    options = parser.parse_args()
    table = json.loads((ROOT / "tests" / "time_table.json").read_text())
    known = {row["label"] for row in table["labels"].values()}
    unknown = set(options.labels) - known
    if unknown:
        sys.exit(f"test: no label {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    if shares(table) > table["total_seconds"]:
        sys.exit(f"test: the shares of tests/time_table.json are {shares(table)} s together, more "
                 f"than its total of {table['total_seconds']} s")
    LOGS.mkdir(parents=True, exist_ok=True)
    run = Run(table, options.started)
    for name, row in table["labels"].items():
        if not options.labels or row["label"] in options.labels:
            run.label(name, row)
    return run.close()


if __name__ == "__main__":
    sys.exit(main())
