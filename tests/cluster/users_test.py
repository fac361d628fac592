#!/usr/bin/env python3
"""Two users of one machine, a job each at once, with packages that a third has fetched: both count
right, and neither gets at what is the other's."""
import ast
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import unittest

import cluster_case
from cluster_case import PROGRAMS, TEXT, Archive, Home, eventually, word_counts

USERS = [pwd.getpwnam(name).pw_uid for name in ("daemon", "nobody")]  # of every Debian


def as_user(number, *words):
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", *map(str, words)]


def can(number, *words):
    return subprocess.run(as_user(number, *words), capture_output=True, check=False,
                          cwd="/").returncode == 0


def readable_packages(folder):
    """$BDAAS_PACKAGES, or where it is below a private directory, the same files by other names."""
    packages = pathlib.Path(os.environ["BDAAS_PACKAGES"])
    if all(can(USERS[0], "test", "-r", path) for path in packages.glob("*/manifest.json")):
        return packages
    copy = folder / "packages"
    shutil.copytree(packages, copy, copy_function=os.link, symlinks=True,
                    ignore=shutil.ignore_patterns(".tmp", ".lock"))
    copy.chmod(0o755)
    return copy


class User(Home):
    """A home that belongs to a user who is not root, and who runs there."""

    def __init__(self, number, binary, packages):
        super().__init__(binary, BDAAS_PACKAGES=str(packages))
        self.number = number
        self.env["HOME"] = str(self.folder)
        os.chown(self.folder, number, number)

    def start(self, *words):
        return subprocess.Popen(as_user(self.number, self.bdaas, *words), env=self.env,
                                cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def run(self, *words, timeout=120, **_):
        process = self.start(*words)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(words, process.returncode, out, err)


@unittest.skipUnless(os.geteuid() == 0, "only root can become two other users")
class TwoUsers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bdaas-shared-")
        self.addCleanup(folder.cleanup)
        self.shared = pathlib.Path(folder.name)
        self.shared.chmod(0o755)
        # Copies: the checkout may lie where others may not look, for example below /root.
        for name in ("bdaas", "bdaas-agent"):
            shutil.copy(pathlib.Path(cluster_case.BINARY).with_name(name), self.shared)
        if "BDAAS_PACKAGES" not in os.environ:
            self.skipTest("$BDAAS_PACKAGES names no packages to share")
        try:
            packages = readable_packages(self.shared)
        except OSError as error:
            self.skipTest(f"other users cannot read the packages: {error}")
        shutil.copy(PROGRAMS / "wordcount.py", self.shared)
        shutil.copy(TEXT, self.shared / "text.txt")
        self.users = [User(number, self.shared / "bdaas", packages) for number in USERS]
        for user in self.users:
            self.addCleanup(lambda user=user: self.assertEqual(user.end(), {}))

    def count(self, user):
        return user.start("run", self.shared / "wordcount.py", "--data", self.shared / "text.txt",
                          "--memory", "3g", "--output", user.folder / "out.tar.gz")

    def test_a_job_each_at_once(self):
        runs = [self.count(user) for user in self.users]
        addresses = [self.addresses(user) for user in self.users]
        for run in runs:
            self.assertIsNone(run.poll(), run.poll() is not None and run.communicate()[1])
        self.check_that_they_are_apart()
        for user, run in zip(self.users, runs):
            _, err = run.communicate(timeout=300)
            self.assertEqual(run.returncode, 0, err[-2000:])
            lines = Archive(user.folder / "out.tar.gz").output_text().splitlines()
            self.assertEqual(dict(map(ast.literal_eval, lines)), word_counts(TEXT))
        self.assertEqual(len(addresses[0] | addresses[1]), 4, "two nodes each, all apart")

    def addresses(self, user):
        """Of the nodes, as soon as there are two."""
        def rented():
            if not user.address():
                return None
            rows = [row for cluster in user.get("/v1/clusters")["items"]
                    for row in user.get(f"/v1/clusters/{cluster['id']}/nodes")["items"]]
            found = {row["machine"]["address"] for row in rows if row.get("machine")}
            return found if len(found) == 2 else None
        return eventually(rented, 60)

    def check_that_they_are_apart(self):
        """While both run."""
        for user, other in (self.users, self.users[::-1]):
            self.assertIn("Uid:\t" + "\t".join([str(user.number)] * 4), pathlib.Path(
                f"/proc/{user.address()['pid']}/status").read_text())
            self.assertEqual(user.ask("GET", "/v1/jobs", token=other.token())[0], 401)
            self.assertEqual(user.ask("GET", "/v1/jobs")[0], 200)
            self.assertFalse(can(other.number, "ls", user.home))
            user.folder.chmod(0o755)  # the home itself must keep others out
            for words in (["ls", user.home], ["cat", user.home / "token"],
                          ["cat", user.home / "bdaas.db"], ["ls", user.home / "machines"]):
                self.assertFalse(can(other.number, *words), words)
                self.assertTrue(can(user.number, *words), words)


if __name__ == "__main__":
    cluster_case.main()
