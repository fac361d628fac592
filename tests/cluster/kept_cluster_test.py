#!/usr/bin/env python3
"""One cluster of three workers that stays, and many programs on it: a Java jar on every worker,
blocks on several DataNodes, no socket outside 127/8, Comet equal to plain Spark, programs that
fail, never end, write nothing or print too much, and Spark's own programs."""
import collections
import json
import pathlib
import re
import subprocess

import cluster_case
from cluster_case import PROGRAMS, TEXT, ClusterCase, processes_naming, wait_for, word_counts


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

    def test_java_word_count_on_every_worker(self):
        jar = self.jar()
        archive, ran = self.on_cluster(
            jar, "--class", "org.example.WordCount", "--data", TEXT, "--", "{input:1}", "{output}",
            "the", "and")
        counts = word_counts(TEXT)
        self.assertIn(f"the=[{counts['the']}]\nand=[{counts['and']}]", ran.stdout)
        pairs = re.findall(r"^\((.*),(\d+)\)$", archive.output_text(), re.M)
        self.check_word_counts({word: int(n) for word, n in pairs})
        step = max(self.json("steps", "list", self.cluster), key=lambda s: s["created_at"])
        workers = {n["host"] for n in self.nodes(self.cluster) if n["role"] == "worker"}
        self.assertEqual(len(workers), 3)
        self.assertEqual(self.task_hosts(self.cluster, step["handle"]), workers)

    def tree(self):
        """A directory with directories and many small files; answers with its words too."""
        top = self.folder / "tree"
        texts = {top / "file": "one two\n" * 7, top / "below" / "deep" / "file": "three\n" * 11}
        texts |= {top / "many" / f"{i:03}.txt": f"{i} the\n" for i in range(60)}
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return top, collections.Counter(word for text in texts.values() for line in
                                        text.splitlines() for word in line.split(" "))

    def test_input_is_a_directory_with_all_below_it(self):
        tree, words = self.tree()
        _, ran = self.on_cluster(PROGRAMS / "inputs.py", "--data", TEXT, "--data", tree)
        given = json.loads(ran.stdout)
        places, lines = given["places"], given["lines"]
        self.assertEqual(given["args"], [places["BDAAS_INPUT_1"], places["BDAAS_INPUT_2"],
                                         places["BDAAS_OUTPUT"]])
        whole = TEXT.read_text(encoding="utf-8").count("\n")
        self.assertEqual(lines, {
            places["BDAAS_INPUT_1"]: {"RDD": whole, "DataFrame": whole, "deep": whole},
            places["BDAAS_INPUT_2"]: {"RDD": 78, "DataFrame": 7, "deep": 78},
            places["BDAAS_INPUT"]: {"RDD": whole + 78, "DataFrame": 0, "deep": whole + 78}})

        archive, ran = self.on_cluster(
            self.jar(), "--class", "org.example.WordCount", "--data", TEXT, "--data", tree, "--",
            "{input}", "{output}", "three")
        words += collections.Counter(word_counts(TEXT))
        self.assertEqual(ran.stdout, f"three=[{words['three']}]\n")
        pairs = re.findall(r"^\((.*),(\d+)\)$", archive.output_text(), re.M)
        self.assertEqual({word: int(n) for word, n in pairs}, words)

    def test_blocks_sockets_and_archives_of_classes(self):
        """Blocks lie on several nodes, nothing listens outside 127/8, and every JVM has mapped its
        release's archive of classes."""
        blocks, archives = self.look_around(self.cluster)
        self.assertGreater(len(set(blocks)), 1, blocks)
        self.assertEqual(len(archives), 2 + 3 * 2 + 1 + 3, "daemons, driver, executors")
        self.assertEqual({archive.rpartition("/")[2] for archive, _ in archives.values()},
                         {"classes.jsa"})
        self.assertEqual([words for words, (_, mapped) in archives.items() if not mapped], [])

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
