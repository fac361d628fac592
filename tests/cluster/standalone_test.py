#!/usr/bin/env python3
"""A standalone cluster that stands, whose drivers are processes of its master's agent: programs
that fail, last too long, are cancelled, or lose their manager, agent or a worker; its pages, and
what is left of them."""
import os
import re
import signal

import cluster_case
from browser import Browser
from cluster_case import ClusterCase, processes_naming, wait_for

DRIVER = "org.apache.spark.deploy.SparkSubmit"
FAILS = """import sys
print("these are my last words", file=sys.stderr)
sys.exit(3)
"""
STAYS = """import threading
from pyspark import SparkContext
context = SparkContext()
print("sum", context.parallelize(range(1000), 4).sum(), flush=True)
threading.Event().wait()
"""


class Standalone(ClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        cls.cluster = case.json("clusters", "create", "--workers", "2", "--master", "standalone",
                                "--wait")["id"]

    def node(self, role):
        return next(node for node in self.nodes(self.cluster) if node["role"] == role)

    def write(self, text):
        program = self.folder / f"{self.id()}.py"
        program.write_text(text)
        return program

    def check_no_driver(self):
        wait_for("the driver ends", lambda: not any(
            DRIVER in words for words in processes_naming(str(self.folder)).values()))

    def last_job(self):
        return self.json("jobs", "list")[-1]["status"]

    def test_a_program_fails_in_its_own_words(self):
        _, ran = self.run_program(self.write(FAILS), "--cluster", self.cluster, code=1)
        self.assertIn("exit code 3", ran.stderr)
        self.assertIn("these are my last words", ran.stderr)

    def test_a_program_lasts_too_long(self):
        _, ran = self.run_program(self.write(STAYS), "--cluster", self.cluster, "--timeout", "8s",
                                  code=124)
        self.assertIn("longer than its time-out of 8", ran.stderr)
        self.check_no_driver()

    def test_control_c(self):
        run = self.start_slow("--cluster", self.cluster)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130, err[-2000:])
        self.assertEqual(self.last_job()["state"], "Cancelled")
        self.check_no_driver()

    def test_manager_and_the_driver_s_agent_are_killed(self):
        run = self.start_slow("--cluster", self.cluster)
        os.kill(self.home.address()["pid"], signal.SIGKILL)
        [agent] = self.agents(self.node("master")["machine"]["dir"])
        os.kill(agent, signal.SIGKILL)
        self.finish_slow(run)

    def test_a_worker_dies_with_all_it_runs(self):
        run = self.start_slow("--cluster", self.cluster)
        for pid in processes_naming(self.node("worker")["machine"]["dir"] + "/"):
            os.kill(pid, signal.SIGKILL)
        self.finish_slow(run)

    def test_z_pages_while_it_lives_and_after_its_end(self):
        place = f"/v1/clusters/{self.cluster}/pages"
        run = self.start("run", self.write(STAYS), "--cluster", self.cluster)
        self.assertEqual(run.stdout.readline(), "sum 499500\n")
        browser = Browser(self.json("ui", self.cluster)["link"])
        status, _, text = browser.get(f"{place}/driver/")
        self.assertEqual(status, 200)
        self.assertIn("Spark Jobs", text)
        status, _, text = browser.get(f"{place}/spark-master/")
        self.assertEqual(status, 200)
        application = re.search(r"app-\d+-\d+", text)[0]
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        self.bdaas("clusters", "terminate", self.cluster, "--wait")
        status, _, text = browser.get(f"{place}/spark-master/")
        self.assertEqual(status, 200)
        self.assertRegex(text, r"snapshot of 20\d\d-.*; the cluster has ended")
        history = Browser(self.json("ui", "history")["link"])
        wait_for("the program's page", lambda: "Spark Jobs" in history.get(
            f"/v1/pages/history/{application}/")[2])


if __name__ == "__main__":
    cluster_case.main()
