#!/usr/bin/env python3
"""The main thread on the real engines: program + data -> archive, on three local workers, and
nothing left behind. Argument: the bdaas binary. Packages: $BDAAS_PACKAGES."""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ILIAD = ROOT.parent / "shared" / "data" / "iliad.mb.txt"
TEXT = ILIAD if ILIAD.exists() else ROOT / "LICENSE"
PROGRAM = """import sys
from pyspark import SparkContext
sc = SparkContext()
words = sc.textFile(sys.argv[1]).flatMap(lambda line: line.split(' ')).map(lambda w: (w, 1))
words.reduceByKey(lambda a, b: a + b).saveAsTextFile(sys.argv[2])
print("counted")
"""


def processes_below(folder):
    """Command lines of living processes that name the folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if folder in words:
            found.append(words[:200])
    return found


class WordCount(unittest.TestCase):
    def test_from_program_and_data_to_the_archive(self):
        with tempfile.TemporaryDirectory() as folder:
            env = dict(os.environ, BDAAS_HOME=folder + "/home")
            program = pathlib.Path(folder) / "wordcount.py"
            program.write_text(PROGRAM)
            archive = folder + "/result.tar.gz"
            ran = subprocess.run(
                [BDAAS, "run", program, "--data", TEXT, "--workers", "3", "--output", archive],
                env=env, capture_output=True, text=True, timeout=600, check=False)
            self.assertEqual(ran.returncode, 0, ran.stderr[-4000:])
            self.assertIn("counted", ran.stdout)
            self.check_archive(archive)
            subprocess.run([BDAAS, "stop"], env=env, check=True, capture_output=True, timeout=120)
            self.assertEqual(processes_below(folder), [])

    def check_archive(self, archive):
        counted, manifest = {}, None
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member).read().decode() if member.isfile() else ""
                if "/output/part-" in member.name:
                    counted.update(eval(line) for line in content.splitlines())
                elif member.name.endswith("/manifest.json"):
                    manifest = json.loads(content)
        expected = collections.Counter()
        for line in TEXT.read_text(encoding="utf-8").split("\n")[:-1]:
            expected.update(line.rstrip("\r").split(" "))
        self.assertEqual(counted, dict(expected))
        self.assertIsNotNone(manifest)
        if TEXT == ILIAD:
            self.assertEqual((counted["the"], counted["and"]), (9573, 6481))


if __name__ == "__main__":
    BDAAS = sys.argv.pop(1)
    unittest.main()
