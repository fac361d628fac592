#!/usr/bin/env python3
"""Bad input meets the real binary and a real manager: one clear sentence, the documented exit code,
and nothing half done. No cluster starts but where a case says so, and then the fake engine's.

    bad_input_test.py BDAAS [unittest's own words]

$BDAAS_PACKAGES: a fetched release, for the case of a corrupted one."""
import base64
import concurrent.futures
import io
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from class_file import class_file  # noqa: E402
from manager import Home, eventually  # noqa: E402

BAD_INPUT, MANAGER_FAILED, NOT_FOUND, NO_RESOURCES = 2, 3, 4, 5
PROGRESS = re.compile(r"\d\d:\d\d:\d\d (manager|release|upload): ")


def tar_of(entries):
    """entries: (name, type, link); in the form the manager takes."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, link in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, link
            data = b"x" if kind == tarfile.REGTYPE else b""
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def without_registries(folder):
    """The environment of a machine whose Maven and pip reach nobody."""
    settings = folder / "maven-home" / ".m2" / "settings.xml"
    settings.parent.mkdir(parents=True)
    settings.write_text("<settings><mirrors><mirror><id>gone</id><mirrorOf>*</mirrorOf>"
                        "<url>http://127.0.0.1:9/</url></mirror></mirrors></settings>")
    return {"MAVEN_OPTS": f"-Duser.home={folder / 'maven-home'}", "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}


class Case(unittest.TestCase):
    """One home, and so one manager, per class."""

    variables = {}

    @classmethod
    def setUpClass(cls):
        cls.home = Home(BDAAS, **cls.variables)
        cls.addClassCleanup(cls.end)
        cls.folder = cls.home.folder
        (cls.folder / "ok.py").write_text("print('hello')\n")
        (cls.folder / "ok.txt").write_text("hello\n")

    @classmethod
    def end(cls):
        left = cls.home.end()
        if left:
            raise AssertionError(f"left behind: {left}")

    def tearDown(self):
        if self.home.address():
            self.assertEqual(self.home.get("/v1/jobs")["items"], [])
            self.assertEqual(self.home.get("/v1/clusters")["items"], [])
        for place in ("uploads", "machines"):
            folder = self.home.home / place
            left = [p.name for p in folder.glob("*") if p.suffix != ".json"]  # finished uploads'
            self.assertEqual(left, [], place)
        agents = [words for words in self.home.processes().values() if "bdaas-agent" in words]
        self.assertEqual(agents, [])
        self.assertEqual(list(self.folder.glob("*.tar.gz")), [])

    def check_refused(self, ran, code, *fragments):
        """One sentence that holds the fragments, beside progress and a hint."""
        said = ran.stderr.decode()
        self.assertEqual(ran.returncode, code, said)
        lines = said.splitlines()
        errors = [line for line in lines if line.startswith("bdaas: ")]
        self.assertEqual(len(errors), 1, said)
        for line in lines:
            self.assertTrue(line in errors or line.startswith("hint: ") or PROGRESS.match(line),
                            said)
        for fragment in fragments:
            self.assertIn(fragment, errors[0])

    def refused(self, words, code, *fragments, **more):
        with self.subTest(words=words):
            self.check_refused(self.home.run(*words, **more), code, *fragments)


class BeforeTheManager(Case):
    """Refused by the command line itself: no manager is started for it."""

    def tearDown(self):
        super().tearDown()
        self.assertFalse(self.home.home.exists())

    def test_files(self):
        for name in ("empty.txt", "empty.py"):
            (self.folder / name).touch()
        (self.folder / "emptydir").mkdir()
        (self.folder / "linked").mkdir()
        (self.folder / "linked" / "a").write_text("a")
        (self.folder / "linked" / "passwd").symlink_to("/etc/passwd")
        (self.folder / "colon").mkdir()
        (self.folder / "colon" / "10:30.txt").write_text("text")
        (self.folder / "bad.jar").write_text("no zip")
        (self.folder / "prog.txt").write_text("text")
        latin = os.fsdecode(b"caf\xe9.txt")
        (self.folder / latin).write_text("text")
        for words, fragments in (
                (["nothere.py"], ["'nothere.py' does not exist"]),
                (["ok.py", "--data", "nothere.txt"], ["'nothere.txt' does not exist"]),
                (["ok.py", "--data", "empty.txt"], ["'empty.txt' is empty"]),
                (["ok.py", "--data", "emptydir"], ["'emptydir'"]),
                (["ok.py", "--data", "linked"], ["'linked/passwd' is a symbolic link"]),
                (["ok.py", "--data", latin], ["not UTF-8"]),
                (["ok.py", "--data", "colon/10:30.txt"], ["'colon/10:30.txt'", "rename it"]),
                (["ok.py", "--data", "colon"], ["'colon/10:30.txt'", "rename it"]),
                (["empty.py"], ["'empty.py' is empty"]),
                (["bad.jar"], ["'bad.jar' is no Java archive"]),
                (["prog.txt"], ["'prog.txt'", ".py", ".jar"]),
                (["."], ["is a directory", ".jar"]),
                (["ok.py", "--output", "nothere/x.tar.gz"], ["'nothere'"]),
                (["ok.py", "--output", "."], ["is a directory; name a file"])):
            self.refused(["run", *words], BAD_INPUT, *fragments)

    def test_words(self):
        for words, fragments in (
                (["--workers", "0"], ["--workers", "'0'", "1 to 1000"]),
                (["--workers", "1001"], ["--workers", "1 to 1000"]),
                (["--workers", "many"], ["--workers"]),
                (["--memory", "lots"], ["--memory", "6g"]),
                (["--cores", "0"], ["--cores"]),
                (["--timeout", "soon"], ["--timeout", "10m"]),
                (["--set", "spark.executor.memory"], ["NAME=VALUE"]),
                (["--set", "a=1", "--set", "a=2"], ["'a' is given twice"]),
                (["--master", "mesos"], ["yarn, standalone"]),
                (["--on", "ec2"], ["--on", "local"]),
                (["--class", "a.B"], ["--class is for a .jar"]),
                (["--cluster", "../x"], ["'../x' is no id"]),
                (["--wrokers", "2"], ["did you mean '--workers'?"])):
            self.refused(["run", "ok.py", *words], BAD_INPUT, *fragments)
        self.refused(["rnu", "ok.py"], BAD_INPUT, "did you mean 'run'?")
        self.refused(["jobs", "describe", "../../token"], BAD_INPUT, "is no id of a job")
        self.refused(["serve", "--port", "99999"], BAD_INPUT, "--port")
        self.refused(["serve", "--address", "0.0.0.0"], BAD_INPUT, "loopback")

    def test_an_unreadable_file(self):
        for name in ("secret.py", "secret.txt"):
            (self.folder / name).write_text("secret")
            (self.folder / name).chmod(0)
        as_user, binary = [], BDAAS
        if os.geteuid() == 0:
            self.folder.chmod(0o755)
            as_user = ["runuser", "-u", "nobody", "--"]
            # The checkout may lie where others may not look, for example below /root.
            binary = shutil.copy(BDAAS, self.folder / "bdaas")
        place = self.folder / "writable"
        place.mkdir()
        place.chmod(0o777)
        for words in (["secret.py"], ["ok.py", "--data", "secret.txt"]):
            ran = subprocess.run([*as_user, binary, "run", *words, "--output", place / "x.tar.gz"],
                                 env=self.home.env, cwd=self.folder, capture_output=True,
                                 check=False)
            self.check_refused(ran, BAD_INPUT, words[-1], "Permission denied")
        self.assertEqual(list(place.iterdir()), [])


class ByTheManager(Case):
    """Refused by the manager, before anything starts."""

    def test_jars(self):
        with zipfile.ZipFile(self.folder / "two.jar", "w") as jar:
            for name in ("org/example/WordCount", "org/example/Other"):
                jar.writestr(name + ".class", class_file(name))
        whole = (self.folder / "two.jar").read_bytes()
        (self.folder / "cut.jar").write_bytes(whole[:len(whole) // 2])
        with zipfile.ZipFile(self.folder / "none.jar", "w") as jar:
            jar.writestr("readme.txt", "no class")
        for words, fragments in (
                (["cut.jar"], ["'cut.jar'", "no zip archive, or is cut off"]),
                (["none.jar"], ["none.jar", "main method"]),
                (["two.jar"], ["2 main classes", "--class"]),
                (["two.jar", "--class", "org.example.WordCuont"],
                 ["WordCuont", "did you mean 'org.example.WordCount'?"])):
            self.refused(["run", *words, "--engine", "fake"], BAD_INPUT, *fragments)

    def test_places(self):
        for words, code, fragments in (
                (["--workers", "1000"], NO_RESOURCES, ["1000 workers", "GiB", "--memory"]),
                (["--memory", "9000g"], NO_RESOURCES, ["9216000 MiB", "free"]),
                (["--memory", "10m"], NO_RESOURCES, ["1 worker", "--memory"]),
                (["--set", "spark.exectuor.memory=1g"], BAD_INPUT,
                 ["did you mean 'spark.executor.memory'?"]),
                (["--set", "spark.executor.memory=lots"], BAD_INPUT, ["'lots'", "512m"]),
                (["--set", "spark.executor.memory=999g"], NO_RESOURCES, ["MiB", "ask for less"]),
                (["--set", "spark.master=local"], BAD_INPUT, ["spark.master cannot be set"]),
                (["--release", "nope"], BAD_INPUT, ["nope"])):
            self.refused(["clusters", "create", *words], code, *fragments)

    def test_names(self):
        for words, code, fragments in (
                (["--name", "a\nb"], BAD_INPUT, ["name", "control characters"]),
                (["--name", "x" * 201], BAD_INPUT, ["name", "200"]),
                (["--name", os.fsdecode(b"\xff")], BAD_INPUT, ["name", "UTF-8"]),
                (["--", os.fsdecode(b"\xff")], BAD_INPUT, ["args", "UTF-8"]),
                (["--", "{input:3}"], BAD_INPUT, ["{input:3}"]),
                (["--data", "d-000000000000"], NOT_FOUND, ["d-000000000000"])):
            self.refused(["run", "ok.py", "--engine", "fake", *words], code, *fragments)
        self.refused(["run", "p-000000000000", "--engine", "fake"], NOT_FOUND, "p-000000000000")
        self.refused(["run", "ok.py", "--cluster", "c-000000000000"], NOT_FOUND, "c-000000000000")
        self.refused(["run", "ok.py", "--release", "nope"], BAD_INPUT, "'nope'", "bdaas-1")

    def test_a_name_may_have_255_bytes(self):
        name = "x" * 251 + ".txt"
        (self.folder / name).write_text("text")
        self.assertEqual(self.home.run("data", "put", name).returncode, 0)
        self.assertEqual([row["name"] for row in self.home.get("/v1/data")["items"]], [name])
        got = self.home.run("data", "get", self.home.get("/v1/data")["items"][0]["id"], "--output",
                            "back.txt")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual((self.folder / "back.txt").read_text(), "text")

    def upload(self, name, shape, content):
        pairs = {"kind": b"data", "name": name, "shape": shape.encode()}
        return self.home.ask("POST", "/v1/uploads", content, {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(content)),
            "Upload-Metadata": ",".join(f"{key} {base64.b64encode(value).decode()}"
                                        for key, value in pairs.items()),
            "Content-Type": "application/offset+octet-stream",
        })

    def test_names_cannot_leave_their_directory(self):
        self.assertEqual(self.home.run("data", "list").returncode, 0)
        before = self.home.get("/v1/data")
        for name in (b"..", b".", b"", b"../evil", b"/etc/evil", b"a/b", b"a\0b", b"x" * 256,
                     b"\xff\xfe", b"caf\xe9", b"a\nb", b"a:b"):
            with self.subTest(name=name):
                status, _, said = self.upload(name, "file", b"x")
                self.assertEqual(status, 400, said)
        for entry in (("../evil", tarfile.REGTYPE, ""), ("/etc/evil", tarfile.REGTYPE, ""),
                      ("a/../../evil", tarfile.REGTYPE, ""), ("link", tarfile.SYMTYPE, "/etc"),
                      ("hard", tarfile.LNKTYPE, "../evil"), ("pipe", tarfile.FIFOTYPE, ""),
                      ("10:30", tarfile.REGTYPE, ""), ("device", tarfile.CHRTYPE, ""),
                      ("x" * 256, tarfile.REGTYPE, "")):
            with self.subTest(entry=entry):
                status, _, said = self.upload(b"tree", "tree", tar_of([entry]))
                self.assertEqual(status, 400, said)
        self.assertEqual(self.home.get("/v1/data"), before)


class OneManager(Case):
    def test_crowd_starts_one(self):
        with concurrent.futures.ThreadPoolExecutor(8) as crowd:
            ran = list(crowd.map(lambda _: self.home.run("jobs", "list"), range(8)))
        for one in ran:
            self.assertEqual(one.returncode, 0, one.stderr)
        self.assertTrue(eventually(lambda: len(self.home.processes()) == 1), self.home.processes())
        self.assertIn(self.home.address()["pid"], self.home.processes())

    def test_second_serve_is_refused(self):
        self.assertEqual(self.home.run("jobs", "list").returncode, 0)
        before = self.home.address()
        self.refused(["serve"], MANAGER_FAILED, str(self.home.home), "bdaas stop")
        self.assertEqual(self.home.address(), before)

    def test_only_the_owner_is_let_in(self):
        self.assertEqual(self.home.run("jobs", "list").returncode, 0)
        for token in ("", "wrong", self.home.token()[:-1], self.home.token() + "x"):
            status, _, _ = self.home.ask("GET", "/v1/jobs", token=token)
            self.assertEqual(status, 401)
        self.assertEqual(self.home.home.stat().st_mode & 0o777, 0o700)
        for name in ("token", "manager.json"):
            self.assertEqual((self.home.home / name).stat().st_mode & 0o777, 0o600, name)
        self.assertEqual(os.listdir(self.home.home / "machines"), [])

    def test_another_user_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        self.assertEqual(self.home.run("jobs", "list").returncode, 0)
        self.folder.chmod(0o755)
        for words in (["cat", self.home.home / "token"], ["cat", self.home.home / "manager.json"],
                      ["cat", self.home.home / "bdaas.db"], ["ls", self.home.home]):
            ran = subprocess.run(["runuser", "-u", "nobody", "--", *words], capture_output=True,
                                 cwd="/", check=False)
            self.assertNotEqual(ran.returncode, 0, words)
            self.assertIn(b"Permission denied", ran.stderr)


class PortTaken(Case):
    def test_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for detach in ([], ["--detach"]):
                self.refused(["serve", *detach, "--port", str(port)], MANAGER_FAILED,
                             f"127.0.0.1:{port}", "--port")
        self.assertEqual(self.home.address(), {})


class CannotServe(Case):
    """What keeps a manager in the background from serving is heard by who started it."""

    def setUp(self):
        self.env = {"BDAAS_HOME": str(self.folder / "ok.txt" / "home")}

    def test_it_is_told_by_who_starts_it(self):
        self.refused(["serve", "--detach"], BAD_INPUT, "cannot serve", "ok.txt", env=self.env)

    def test_a_command_does_not_wait_for_it(self):
        began = time.monotonic()
        self.refused(["jobs", "list"], MANAGER_FAILED, "cannot serve", "ok.txt", env=self.env)
        self.assertLess(time.monotonic() - began, 8)

    def test_one_that_serves_is_told_too(self):
        ran = self.home.run("serve", "--detach", "--idle-exit", "1m")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.home.get("/v1/jobs")  # at once: it serves when it is told
        self.refused(["serve", "--detach"], MANAGER_FAILED, "another manager", "bdaas stop")


class Fetching(Case):
    """What a first fetch may meet."""

    def setUp(self):
        self.packages = self.folder / "no-packages"
        self.variables_ = {"BDAAS_PACKAGES": str(self.packages)}

    def tearDown(self):
        super().tearDown()
        self.home.run("stop")  # the next case has another environment
        self.assertTrue(eventually(lambda: not self.home.processes()))
        left = [p.name for p in self.packages.glob("*") if p.name not in (".lock", ".tmp")]
        self.assertEqual(left + list((self.packages / ".tmp").glob("*")), [])

    def fake_java(self, version):
        java = self.folder / f"java-{version}"
        for folder in ("bin", "lib"):
            (java / folder).mkdir(parents=True)
        (java / "bin" / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        (java / "bin" / "java").chmod(0o755)
        (java / "lib" / "modules").touch()
        (java / "release").write_text(f'JAVA_VERSION="{version}"\n')
        return java

    def test_without_java(self):
        env = {**self.variables_, "PATH": "/nonexistent", "JAVA_HOME": ""}
        self.refused(["run", "ok.py"], BAD_INPUT, "Java 17", "found none", "apt-get install",
                     env=env)

    def test_with_an_old_java(self):
        java = self.fake_java("11.0.2")
        env = {**self.variables_, "PATH": f"{java}/bin:{os.environ['PATH']}",
               "JAVA_HOME": str(java)}
        ran = self.home.run("run", "ok.py", env={**env, "PATH": f"{java}/bin"})
        self.check_refused(ran, BAD_INPUT, "Java 17", "11.0.2", str(java), "apt-get install")
        self.home.run("stop")
        ran = self.home.run("doctor", env={**env, "PATH": f"{java}/bin"})
        self.assertEqual(ran.returncode, 1)
        self.assertIn("11.0.2", ran.stdout.decode())

    def test_without_a_network(self):
        if shutil.which("mvn") is None:
            self.skipTest("there is no Maven here")
        env = {**self.variables_, **without_registries(self.folder)}
        self.refused(["run", "ok.py"], MANAGER_FAILED, "does not answer", "network", env=env)


class Corrupted(Case):
    def test_it_is_named(self):
        packages = pathlib.Path(os.environ.get("BDAAS_PACKAGES", "/nonexistent"))
        jars = sorted(packages.glob("*/**/hadoop-common-*.jar"))
        if not jars:
            self.skipTest("$BDAAS_PACKAGES holds no fetched release")
        with tempfile.TemporaryDirectory(dir=packages.parent) as copy_folder:
            copy = pathlib.Path(copy_folder) / "packages"
            shutil.copytree(packages, copy, copy_function=os.link, symlinks=True)
            jar = copy / jars[0].relative_to(packages)
            content = jar.read_bytes()
            jar.parent.chmod(0o755)
            jar.unlink()  # the link, not the file behind it
            jar.write_bytes(content[:-100])
            ran = self.home.run("releases", "verify", env={"BDAAS_PACKAGES": str(copy)})
            self.check_refused(ran, MANAGER_FAILED, jar.name, "releases fetch")
            self.home.run("stop")
            # A run would mend it, so it starts nothing when it cannot.
            ran = self.home.run("run", "ok.py", env={"BDAAS_PACKAGES": str(copy),
                                                     **without_registries(self.folder)})
            self.check_refused(ran, MANAGER_FAILED, "does not answer", "network")
            self.home.run("stop")


class DiskFull(unittest.TestCase):
    """On a file system of its own in a mount namespace, where this machine lets us have one."""

    SCRIPT = """mount -t tmpfs -o size=$1m tmpfs "$BDAAS_HOME" || exit 99
    bdaas=$2; eval "$3"; code=$?
    "$bdaas" stop --terminate-clusters >/dev/null; ls "$BDAAS_HOME/machines"; exit $code"""

    def setUp(self):
        self.home = Home(BDAAS)
        self.addCleanup(lambda: self.assertEqual(self.home.end(), {}))
        self.home.home.mkdir(mode=0o700)
        (self.home.folder / "ok.py").write_text("print(1)\n")
        tried = self.inside(300, ":")
        if tried.returncode != 0:
            self.skipTest(f"no mount namespace here: {tried.stderr.decode().strip()}")

    def inside(self, mib, commands):
        enter = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-rm"]
        return subprocess.run([*enter, "sh", "-c", self.SCRIPT, "sh", str(mib), BDAAS, commands],
                              env=self.home.env, cwd=self.home.folder, capture_output=True,
                              timeout=60, check=False)

    def refused(self, mib, commands):
        ran = self.inside(mib, commands)
        said = ran.stderr.decode()
        self.assertEqual(ran.returncode, NO_RESOURCES, said)
        self.assertEqual(ran.stdout, b"", "no machine is left")
        errors = [line for line in said.splitlines() if line.startswith("bdaas: ")]
        self.assertEqual(len(errors), 1, said)
        self.assertIn("free", errors[0])

    def big(self, mib):
        with open(self.home.folder / "big.txt", "wb") as big:
            big.truncate(mib << 20)

    def test_it_is_said_before(self):
        self.big(200)
        self.refused(300, '"$bdaas" clusters create --engine fake')
        self.refused(300, '"$bdaas" run ok.py --engine fake --data big.txt')
        self.refused(300, '"$bdaas" run ok.py')  # the packages do not fit

    def test_it_is_said_on_a_cluster_that_stands(self):
        self.big(450)
        self.refused(600, 'cluster=$("$bdaas" clusters create --engine fake)\n'
                          '"$bdaas" run ok.py --cluster "$cluster" --data big.txt')


if __name__ == "__main__":
    BDAAS = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
