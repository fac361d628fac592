#!/usr/bin/env python3
"""One cluster of three workers that stays, and many programs on it: a Java jar on every worker,
blocks on several DataNodes, no socket outside 127/8, Comet equal to plain Spark, programs that
fail, never end, write nothing or print too much, and Spark's own programs."""
import json
import pathlib
import re
import subprocess
import urllib.request

import cluster_case
from cluster_case import PROGRAMS, TEXT, ClusterCase, processes_naming, wait_for, word_counts


def listening_addresses(pids):
    """Hex addresses of the listening TCP sockets of these processes."""
    inodes = set()
    for pid in pids:
        for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
            try:
                found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            except OSError:
                continue
            if found:
                inodes.add(found[1])
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            field = line.split()
            if field[3] == "0A" and field[9] in inodes:
                addresses.append(field[1].partition(":")[0])
    return addresses


def is_loopback(address):
    if len(address) == 8:
        return address.endswith("7F")
    mapped = address.startswith("0000000000000000FFFF0000") and address.endswith("7F")
    return mapped or address == "00000000000000000000000001000000"


class KeptCluster(ClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = json.loads(subprocess.run(
            [cluster_case.BINARY, "clusters", "create", "--workers", "3", "--json"], env=cls.env,
            check=True, capture_output=True, text=True, timeout=120).stdout)["id"]

    def on_cluster(self, program, *args, code=0):
        return self.run_program(program, "--cluster", self.cluster, *args, code=code)

    def spark_home(self):
        return self.json("clusters", "describe", self.cluster)["release"]["spark_home"]

    def jar(self):
        made = self.folder / "wordcount.jar"
        if not made.exists():
            classes = self.folder / "classes"
            subprocess.run(["javac", "-cp", self.spark_home() + "/jars/*", "-d", classes,
                            PROGRAMS / "WordCount.java"], check=True, timeout=120)
            subprocess.run(["jar", "--create", "--file", made, "-C", classes, "."], check=True,
                           timeout=60)
        return made

    def task_hosts(self, application):
        """From the event log of a program that has ended."""
        path = f"/bdaas/spark-logs/{application}_1"
        master = next(n for n in self.nodes(self.cluster) if n["role"] == "master")
        url = f"http://{master['machine']['address']}:9870/webhdfs/v1{path}?op=OPEN&noredirect=true"
        with urllib.request.urlopen(url, timeout=10) as answer:
            location = json.load(answer)["Location"]
        addresses = {n["host"]: n["machine"]["address"] for n in self.nodes(self.cluster)}
        for host, address in addresses.items():
            location = location.replace(f"//{host}:", f"//{address}:")
        with urllib.request.urlopen(location, timeout=10) as answer:
            events = [json.loads(line) for line in answer.read().decode().splitlines()]
        return {event["Task Info"]["Host"] for event in events
                if event["Event"] == "SparkListenerTaskEnd"}

    def test_java_word_count_on_every_worker(self):
        jar = self.jar()
        archive, ran = self.on_cluster(
            jar, "--class", "org.example.WordCount", "--data", TEXT, "--", "{input:1}", "{output}",
            "the", "and")
        counts = word_counts(TEXT)
        self.assertIn(f"the=[{counts['the']}]\nand=[{counts['and']}]", ran.stdout)
        pairs = re.findall(r"^\((.*),(\d+)\)$", archive.output_text(), re.M)
        self.assertEqual({word: int(n) for word, n in pairs}, counts)
        if TEXT == cluster_case.ILIAD:
            self.assertEqual((counts["the"], counts["and"]), (9573, 6481))
        step = max(self.json("steps", "list", self.cluster), key=lambda s: s["created_at"])
        workers = {n["host"] for n in self.nodes(self.cluster) if n["role"] == "worker"}
        self.assertEqual(len(workers), 3)
        self.assertEqual(self.task_hosts(step["handle"]), workers)

    def test_blocks_lie_on_several_nodes_and_nothing_listens_outside_127(self):
        run = self.start("run", PROGRAMS / "look_around.py", "--cluster", self.cluster, "--data",
                         TEXT, "--output", self.folder / "around.tar.gz")
        first = run.stdout.readline()
        below = processes_naming(str(self.folder))
        addresses = listening_addresses(below)
        out, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 0, err)
        self.assertGreater(len(set(json.loads(first)["blocks"])), 1, first)
        self.assertIn("3", out)
        self.assertGreater(len(addresses), 12)
        self.assertEqual([a for a in addresses if not is_loopback(a)], [])

    def test_comet_and_plain_spark_answer_the_same(self):
        rows = {}
        for engine, switch in (("Comet", "true"), ("Spark", "false")):
            _, ran = self.on_cluster(PROGRAMS / "native_sql.py", "--set",
                                     f"spark.comet.enabled={switch}")
            self.assertIn(f"executed by {engine}", ran.stdout.splitlines()[-1])
            rows[engine] = re.findall(r"^row .*$", ran.stdout, re.M)
        self.assertGreater(len(rows["Comet"]), 50)
        self.assertEqual(rows["Comet"], rows["Spark"])

    def test_a_program_that_fails_says_why_in_its_own_words(self):
        program = self.folder / "fails.py"
        program.write_text("from pyspark import SparkContext\nsc = SparkContext()\n"
                           "open('left.txt', 'w').write('behind')\n"
                           "raise ValueError('the 3rd column is empty')\n")
        archive, ran = self.on_cluster(program, code=1)
        self.assertIn("ValueError: the 3rd column is empty", ran.stderr)
        self.assertEqual(archive.files["work/left.txt"], b"behind")

    def test_a_program_that_never_ends_is_ended(self):
        program = self.folder / "endless.py"
        program.write_text("import threading\nfrom pyspark import SparkContext\n"
                           "sc = SparkContext()\n"
                           "threading.Event().wait()\n")
        _, ran = self.on_cluster(program, "--timeout", "12s", code=124)
        self.assertIn("12", ran.stderr)
        running = [s for s in self.json("steps", "list", self.cluster)
                   if s["status"]["state"] not in ("Succeeded", "Failed", "Cancelled")]
        self.assertEqual(running, [])
        wait_for("its driver ends",
                 lambda: not any("endless.py" in words
                                 for words in processes_naming("endless.py").values()))

    def test_no_output_is_said_and_is_no_failure(self):
        program = self.folder / "silent.py"
        program.write_text("from pyspark import SparkContext\nSparkContext()\n")
        archive, ran = self.on_cluster(program)
        self.assertIn("the program wrote nothing to {output}", ran.stderr)
        self.assertEqual([f for f in archive.files if f.startswith("output/")], [])

    def test_a_gibibyte_of_prints_neither_blocks_nor_fills(self):
        program = self.folder / "loud.py"
        program.write_text("import sys\nfrom pyspark import SparkContext\nSparkContext()\n"
                           "line = 'x' * 1023 + '\\n'\nfor _ in range(1024):\n"
                           "    sys.stdout.write(line * 1024)\nprint('the last line')\n")
        path = self.folder / "loud.tar.gz"
        with open(self.folder / "printed", "wb") as printed:
            subprocess.run([cluster_case.BINARY, "run", program, "--cluster", self.cluster,
                            "--output", path], env=self.env, stdout=printed,
                           stderr=subprocess.PIPE, check=True, timeout=240)
        archive = cluster_case.Archive(path)
        self.assertTrue(archive.files["logs/stdout"].endswith(b"the last line\n"))
        self.assertLess(len(archive.files["logs/stdout"]), 300 << 20)

    def test_programs_of_others(self):
        home = pathlib.Path(self.spark_home())
        _, ran = self.on_cluster(home / "examples" / "pi.py", "--", "6")
        self.assertRegex(ran.stdout, r"Pi is roughly 3\.1")
        mllib = next((home / "jars").glob("spark-mllib_*.jar"))
        archive, _ = self.on_cluster(
            mllib, "--class", "org.apache.spark.mllib.util.LinearDataGenerator", "--", "yarn",
            "{output}", "60", "3")
        self.assertEqual(len(archive.output_text().splitlines()), 60)


if __name__ == "__main__":
    cluster_case.main()
