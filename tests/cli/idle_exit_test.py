#!/usr/bin/env python3
"""`bdaas serve --idle-exit`: the manager ends by itself, but not under a cluster, a job, or a
request that is under way.

    idle_exit_test.py BDAAS"""
import contextlib
import http.client
import pathlib
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from manager import Home  # noqa: E402

IDLE = ("--port", "0", "--idle-exit", "2s")
LONGER_S = 4.5  # it would have ended by then
FAKE = {"workers": 1, "engine": "fake", "provider": "fake"}


class IdleExit(unittest.TestCase):
    def setUp(self):
        self.home = Home(BDAAS)
        self.addCleanup(lambda: self.assertEqual(self.home.end(), {}))
        self.manager = self.home.serve(*IDLE)

    def check_that_it_stays(self):
        with self.assertRaises(subprocess.TimeoutExpired, msg=self.home.log()):
            self.manager.wait(LONGER_S)

    def check_that_it_ends(self):
        self.assertEqual(self.manager.wait(20), 0)
        self.assertIn("bdaas ends", self.home.log())
        self.assertEqual(self.home.address(), {})

    def request(self):
        """A connection, closed at the end of a with."""
        return contextlib.closing(http.client.HTTPConnection(
            "127.0.0.1", self.home.address()["port"], timeout=20))

    def headers(self, **more):
        return {"Authorization": f"Bearer {self.home.token()}", **more}

    def test_with_nothing_to_do(self):
        self.home.get("/v1/jobs")
        self.check_that_it_ends()

    def test_not_under_a_cluster(self):
        cluster = self.home.post("/v1/clusters", FAKE)["id"]
        self.check_that_it_stays()
        self.home.post(f"/v1/clusters/{cluster}/terminate", {})
        self.check_that_it_ends()

    def test_not_under_a_job(self):
        (self.home.folder / "ok.py").write_text("print(1)\n")
        self.assertEqual(self.home.run("programs", "upload", "ok.py").returncode, 0)
        program = self.home.get("/v1/programs")["items"][0]["id"]
        self.home.post("/v1/jobs", {"program": program, "place": {
            **FAKE, "settings": {"fake.time_ms": "4500"}}})
        self.check_that_it_ends()
        with contextlib.closing(sqlite3.connect(self.home.home / "bdaas.db")) as database:
            self.assertEqual(database.execute("SELECT state FROM jobs").fetchall(),
                             [("Succeeded",)])

    def test_not_under_a_long_answer(self):
        with self.request() as connection:
            connection.request("GET", "/v1/events", headers=self.headers(
                Accept="text/event-stream"))
            self.assertEqual(connection.getresponse().status, 200)
            self.check_that_it_stays()
        self.check_that_it_ends()

    def test_not_under_a_slow_upload(self):
        with self.request() as connection:
            connection.putrequest("POST", "/v1/uploads")
            for name, value in self.headers(**{
                    "Tus-Resumable": "1.0.0", "Upload-Length": "4", "Content-Length": "4",
                    "Content-Type": "application/offset+octet-stream",
                    "Upload-Metadata": "kind ZGF0YQ==,name dGV4dA==,shape ZmlsZQ=="}).items():
                connection.putheader(name, value)
            connection.endheaders(b"sl")
            self.check_that_it_stays()
            connection.send(b"ow")
            self.assertEqual(connection.getresponse().status, 201)
        self.check_that_it_ends()


if __name__ == "__main__":
    BDAAS = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
