#!/usr/bin/env python3
"""kill -9 of agents and of the manager while a program runs, Ctrl-C, and two managers at once: the
job finishes or ends with a true reason, and nothing is left."""
import os
import signal
import subprocess
import tempfile

import cluster_case
import kill_walk
import proc
from browser import Browser
from cluster_case import PROGRAMS, TEXT, Archive, ClusterCase, processes_naming, wait_for

MASTER_OF_A_PROGRAM = "org.apache.spark.deploy.yarn.ApplicationMaster"


class Survive(ClusterCase):
    def finish(self, run):
        self.finish_slow(run)
        self.check_nothing_lives()

    def check_nothing_lives(self):
        states = {c["status"]["state"] for c in self.json("clusters", "list")}
        self.assertLessEqual(states, {"Terminated", "TerminatedWithErrors"})
        wait_for("every process ends", lambda: all(
            " serve " in words for words in processes_naming(str(self.folder)).values()))

    def test_every_agent_is_killed(self):
        run = self.start_slow("--workers", "2")
        killed = self.agents()
        self.assertEqual(len(killed), 3)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        wait_for("agents are placed again",
                 lambda: len(set(self.agents()) - set(killed)) == 3)
        self.finish(run)

    def test_the_manager_is_killed_at_every_effect_of_one_run(self):
        """One after the other; kill_walk.py has them one by one, and more."""
        self.assertEqual(kill_walk.forgotten_effects(), set())
        rows = kill_walk.Rows(self.home)
        points = [kill_walk.Point(rows, effect, "begun") for effect in kill_walk.IN_A_JOB]
        points.insert(kill_walk.IN_A_JOB.index("collect"), kill_walk.Running(rows))
        deaths, wrong = kill_walk.walk_a_job(self.home, points)
        self.assertEqual(wrong, [])
        self.assertEqual([str(point) for point, _ in deaths], [str(point) for point in points])

    def kill_worker(self, with_the_driver):
        """With all it runs."""
        for node in self.nodes(self.running_cluster()["id"]):
            below = processes_naming(node["machine"]["dir"] + "/")
            driver = any(MASTER_OF_A_PROGRAM in proc.words(pid) for pid in below)
            if node["role"] == "worker" and driver == with_the_driver:
                for pid in below:
                    os.kill(pid, signal.SIGKILL)
                return
        self.fail("there is no such worker")

    def test_a_worker_dies_with_all_it_runs(self):
        run = self.start_slow("--workers", "2")
        self.kill_worker(with_the_driver=False)
        self.finish(run)

    def test_the_worker_of_the_driver_dies_with_all_it_runs(self):
        run = self.start_slow("--workers", "1")
        cluster = self.running_cluster()["id"]
        wait_for("a part of the event log is copied", lambda: any(
            log.name.startswith(cluster) and log.stat().st_size > 1000
            for log in (self.home.home / "history").glob("*")))
        self.kill_worker(with_the_driver=True)
        _, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 1, err[-2000:])
        self.assertIn("its driver was lost: it died together with the NodeManager", err)
        self.check_nothing_lives()
        application = self.json("steps", "list", cluster)[0]["handle"]
        history = Browser(self.json("ui", "history")["link"])
        wait_for("the program's page", lambda: "Spark Jobs" in history.get(
            f"/v1/pages/history/{application}/")[2])

    def test_control_c_cancels_and_cleans_up(self):
        run = self.start_slow("--workers", "1")
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130, err[-2000:])
        self.assertEqual(self.json("jobs", "list")[-1]["status"]["state"], "Cancelled")
        self.check_nothing_lives()

    def test_a_second_control_c_leaves_the_rest_to_the_manager(self):
        run = self.start_slow("--workers", "1")
        run.send_signal(signal.SIGINT)
        said = []
        for line in run.stderr:  # two signals of one number at once may arrive as one
            said.append(line)
            if "cancelling; press Ctrl-C again" in line:
                break
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=10)
        self.assertEqual(run.returncode, 130, "".join(said) + err)
        self.assertIn("is being cancelled without this terminal", err)
        wait_for("the job ends", lambda: self.json("jobs", "list")[-1]["status"]["state"]
                 == "Cancelled")
        self.check_nothing_lives()

    def test_two_managers_and_two_clusters_each(self):
        with tempfile.TemporaryDirectory(prefix="bdaas-cluster-") as other:
            envs = [self.env, dict(self.env, BDAAS_HOME=other + "/home")]
            runs = []
            for i, env in enumerate(envs * 2):
                archive = self.folder / f"both-{i}.tar.gz"
                runs.append((archive, subprocess.Popen(
                    [cluster_case.BINARY, "run", PROGRAMS / "wordcount.py", "--data", TEXT,
                     "--memory", "3g", "--output", archive], env=env, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)))
            outputs = set()
            for archive, run in runs:
                _, err = run.communicate(timeout=240)
                self.assertEqual(run.returncode, 0, err[-2000:])
                outputs.add(Archive(archive).output_text())
            subprocess.run([cluster_case.BINARY, "stop"], env=envs[1], check=True, timeout=60,
                           capture_output=True)
            self.assertEqual(len(outputs), 1)
            wait_for("the other manager ends", lambda: not processes_naming(other))


if __name__ == "__main__":
    cluster_case.main()
