#!/usr/bin/env python3
"""The engines' web pages through the manager: while the cluster lives, after its end as snapshots
that say so, and the Spark history of programs whose machines are gone."""
import json
import re

import cluster_case
from browser import Browser
from cluster_case import ClusterCase, wait_for

PROGRAM = """
import sys, threading
from pyspark import SparkContext
context = SparkContext.getOrCreate()
print("sum", context.parallelize(range(1000), 4).sum(), flush=True)
threading.Event().wait(float(sys.argv[1]))
"""


class Pages(ClusterCase):
    def browser(self, what):
        return Browser(self.json("ui", what)["link"])

    def check_living_pages(self, browser, place):
        status, url, text = browser.get(f"{place}/namenode/")
        self.assertEqual((status, url), (200, f"{browser.base}{place}/namenode/dfshealth.html"))
        links = re.findall(r"""(?:href|src)=["'](/[^"']+)""", text)
        self.assertTrue(links)
        for link in links:
            self.assertTrue(link.startswith(place), link)
            self.assertEqual(browser.get(link)[0], 200, link)
        status, _, text = browser.get(
            f"{place}/namenode/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState")
        self.assertEqual(json.loads(text)["beans"][0]["FSState"], "Operational")
        status, url, text = browser.get(f"{place}/resourcemanager/")
        self.assertEqual(status, 200)
        self.assertIn(f"{place}/resourcemanager/cluster/apps", text)
        _, _, nodes = browser.get(f"{place}/resourcemanager/cluster/nodes")
        worker = re.search(rf"{place}/[^/'\"]+\.nodemanager/", nodes)[0]
        status, _, text = browser.get(worker)
        self.assertEqual(status, 200)
        self.assertIn("NodeManager", text)

    def check_driver(self, browser, place):
        _, url, text = wait_for("the driver's page", lambda: (
            answer := browser.get(f"{place}/driver/")) and "Spark Jobs" in answer[2] and answer)
        self.assertRegex(url, rf"{place}/resourcemanager/proxy/application_\d+_\d+/jobs/$")
        styles = re.findall(r"""href=["'](/[^"']+\.css)""", text)
        self.assertEqual({browser.get(style)[0] for style in styles}, {200})
        application = re.search(r"application_\d+_\d+", url)[0]
        stages = f"{url.removesuffix('jobs/')}api/v1/applications/{application}/stages"
        wait_for("stages, as progress bars see them", lambda: [
            stage for stage in json.loads(browser.get(stages)[2]) if stage["status"] == "COMPLETE"])
        return application

    def check_history(self, browser, application):
        def listed():
            _, _, text = browser.get("/v1/pages/api/v1/applications")
            return any(app["id"] == application and app["attempts"][0]["completed"]
                       for app in json.loads(text))
        wait_for("the history of the program", listed)
        self.assertIn("History Server", browser.get("/v1/pages/history/")[2])
        status, _, text = browser.get(f"/v1/pages/history/{application}/")
        self.assertEqual(status, 200)
        self.assertIn("Spark Jobs", text)
        self.assertIn(f"/v1/pages/history/{application}/", text)

    def copied_logs(self):
        return list((self.folder / "home" / "history").iterdir())

    def test_pages_while_the_cluster_lives_and_after_its_end(self):
        program = self.folder / "stay.py"
        program.write_text(PROGRAM)
        cluster = self.json("clusters", "create", "--workers", "1", "--wait")["id"]
        place = f"/v1/clusters/{cluster}/pages"
        running = self.start("run", program, "--cluster", cluster, "--output", "a.tar.gz",
                             "--", "20")
        self.addCleanup(running.kill)
        browser = self.browser(cluster)
        self.assertIn(f"{place}/driver/", browser.front[2])
        self.assertEqual(browser.get("/v1/clusters")[0], 401, "the cookie opens pages only")
        application = self.check_driver(browser, place)
        wait_for("the event log's copy", lambda: [
            log for log in self.copied_logs()
            if log.name.endswith(".inprogress") and log.stat().st_size > 1000])
        self.check_living_pages(browser, place)
        out, err = running.communicate(timeout=cluster_case.RUN_TIMEOUT_S)
        self.assertEqual(running.returncode, 0, err)
        self.assertIn("sum 499500", out)
        self.bdaas("clusters", "terminate", cluster, "--wait")

        for page, words in (("namenode", "FSState"), ("resourcemanager", application),
                            ("driver", "stay.py")):
            status, _, text = browser.get(f"{place}/{page}/")
            self.assertEqual(status, 200, text)
            self.assertRegex(text, r"snapshot of 20\d\d-.*; the cluster has ended")
            self.assertIn(words, text)
        self.assertNotIn(".inprogress", self.copied_logs()[0].name)
        self.check_history(browser, application)
        self.bdaas("stop")
        self.check_history(self.browser("history"), application)


if __name__ == "__main__":
    cluster_case.main()
