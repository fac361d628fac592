"""What the tests on the real engines share: a manager of their own, and a look at what is left."""
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from manager import Home, eventually, processes_naming  # noqa: E402,F401

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
ILIAD = ROOT.parent / "shared" / "data" / "iliad.mb.txt"
TEXT = ILIAD if ILIAD.exists() else ROOT / "LICENSE"
RUN_TIMEOUT_S = 300


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


def main():
    global BINARY
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(module="__main__", verbosity=2)
