"""What the tests on the real engines share: a manager of their own, and a look at what is left."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import proc  # noqa: E402
from hdfs import Hdfs  # noqa: E402
from manager import Home, eventually, processes_naming  # noqa: E402,F401

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
ILIAD = ROOT.parent / "shared" / "data" / "iliad.mb.txt"
RUN_TIMEOUT_S = 300
SKIPPED = 77  # to CTest, when all was


def public_text():
    """The Iliad, or where it is absent a text of the pinned PySpark, and how often words are in it,
    counted by `tr ' ' '\\n' | grep -cx WORD`; the Iliad's 6481 is a published answer too."""
    if ILIAD.exists():
        return ILIAD, {"the": 9573, "and": 6481}
    packages = pathlib.Path(os.environ.get("BDAAS_PACKAGES", "/nonexistent"))
    found = next(packages.glob("*/python/pyspark/sql/functions.py"), None)
    if found is None:
        sys.exit(f"neither {ILIAD} nor a fetched release in $BDAAS_PACKAGES has a text to count")
    return found, {"the": 1374, "and": 226}


TEXT, OCCURRENCES = public_text()


def wait_for(what, condition, seconds=60):
    """The first true answer; the test fails when none comes in time."""
    answer = eventually(condition, seconds)
    if not answer:
        raise AssertionError(f"{what}: not within {seconds} s")
    return answer


def word_counts(text_file):
    counts = {}
    for line in text_file.read_text(encoding="utf-8").split("\n")[:-1]:
        for word in line.rstrip("\r").split(" "):
            counts[word] = counts.get(word, 0) + 1
    return counts


class Archive:
    """A result, unpacked into memory: name below its first directory -> bytes."""

    def __init__(self, path):
        self.files = {}
        with tarfile.open(path) as tar:
            for member in tar:
                if member.isfile():
                    name = member.name.partition("/")[2]
                    self.files[name] = tar.extractfile(member).read()
        self.manifest = json.loads(self.files["manifest.json"])

    def output_text(self):
        return "".join(content.decode() for name, content in sorted(self.files.items())
                       if re.fullmatch(r"output/part-.*", name))


class ClusterCase(unittest.TestCase):
    """One home, and so one manager, per class: clusters are expensive."""

    @classmethod
    def setUpClass(cls):
        cls.home = Home(BINARY)
        cls.folder, cls.env = cls.home.folder, cls.home.env
        cls.addClassCleanup(cls.end)

    @classmethod
    def end(cls):
        left = cls.home.end()
        if left:
            raise AssertionError(f"left behind: {left}")

    def bdaas(self, *args, code=0, timeout=RUN_TIMEOUT_S, env=None):
        ran = subprocess.run([BINARY, *map(str, args)], env=env or self.env, capture_output=True,
                             text=True, timeout=timeout, check=False, cwd=self.folder)
        if code is not None:
            self.assertEqual(ran.returncode, code,
                             f"{args}: {ran.stdout[-800:]}\n{ran.stderr[-2000:]}")
        return ran

    def start(self, *args):
        return subprocess.Popen([BINARY, *map(str, args)], env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)

    def json(self, *args):
        return json.loads(self.bdaas(*args, "--json").stdout)

    def run_program(self, program, *args, code=0):
        """Runs to the archive; answers with it and with what was printed."""
        path = self.folder / f"{time.monotonic_ns()}.tar.gz"
        ran = self.bdaas("run", program, "--output", path, *args, code=code)
        return (Archive(path) if path.exists() else None), ran

    def create_cluster(self, *args):
        return self.json("clusters", "create", *args)["id"]

    def running_cluster(self):
        """Of this manager, the first cluster that runs."""
        return next((c for c in self.json("clusters", "list")
                     if c["status"]["state"] == "Running"), None)

    def nodes(self, cluster):
        return self.json("clusters", "nodes", cluster)

    def task_hosts(self, cluster, application):
        """From the event log of a program that has ended."""
        log = Hdfs(self.nodes(cluster)).read(f"/bdaas/spark-logs/{application}_1")
        events = map(json.loads, log.decode().splitlines())
        return {event["Task Info"]["Host"] for event in events
                if event["Event"] == "SparkListenerTaskEnd"}

    def start_slow(self, *args):
        """Begins a run, and answers when the program prints its first word."""
        run = self.start("run", PROGRAMS / "slow.py", "--output",
                         self.folder / f"{self.id()}.tar.gz", *args)
        first = run.stdout.readline()
        if first != "begun\n":
            out, err = run.communicate(timeout=60)
            self.fail(f"{first}{out}\n{err}")
        return run

    def finish_slow(self, run):
        out, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 0, err[-2000:])
        self.assertEqual(out, "sum 1770\n")

    def agents(self, below=None):
        """Of this home's nodes, or of the one below a directory."""
        return [pid for pid, words in processes_naming(str(below or self.folder)).items()
                if "bdaas-agent run " in words]

    def look_around(self, cluster):
        """While a program runs there: the hosts of its data's blocks, and the archives of classes
        of all JVMs. No socket listens outside 127/8, and its stage is seen as it runs."""
        run = self.start("run", PROGRAMS / "look_around.py", "--cluster", cluster, "--data", TEXT,
                         "--output", self.folder / "around.tar.gz", "--json")
        events = map(json.loads, run.stdout)
        printed = (event["text"] for event in events if event.get("stream") == "stdout")
        first = next(printed)
        below = self.home.processes()
        addresses = proc.listening_addresses(below)
        archives = proc.class_archives(below)
        rest = list(events)
        err = run.stderr.read()
        self.assertEqual(run.wait(timeout=120), 0, err)
        self.assertIn("3\n", [event.get("text") for event in rest])
        self.assertIn(3, [event.get("tasks") for event in rest if event["type"] == "stage"])
        self.assertGreater(len(addresses), 12)
        self.assertEqual([a for a in addresses if not proc.is_loopback(a)], [])
        return json.loads(first)["blocks"], archives

    def check_word_counts(self, counts):
        self.assertEqual(counts, word_counts(TEXT))
        self.assertEqual({word: counts[word] for word in OCCURRENCES}, OCCURRENCES)


def main():
    global BINARY
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    if TEXT != ILIAD:
        print(f"left out: the words of the Iliad, {ILIAD} is absent; those of {TEXT} are counted")
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    if result.wasSuccessful() and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
