"""A real manager in a directory of its own, for tests that talk to it or run the command line."""
import http.client
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time


def processes_naming(text):
    """Process id -> command line of our living processes that name the text, or that live in an
    environment that names it."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            variables = (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue  # it has ended meanwhile, or is another user's
        if text.encode() in words + variables and state != "Z":
            found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace")[:300]
    return found


def eventually(condition, seconds=30):
    """The first true answer, or the last one."""
    deadline = time.monotonic() + seconds
    answer = condition()
    while not answer and time.monotonic() < deadline:
        threading.Event().wait(0.02)
        answer = condition()
    return answer


class Home:
    """A state directory of its own, and who runs there."""

    def __init__(self, bdaas, **environment):
        self.bdaas = str(bdaas)
        self.folder_ = tempfile.TemporaryDirectory(prefix="bdaas-home-")
        self.folder = pathlib.Path(self.folder_.name)
        self.home = self.folder / "home"
        self.env = {**os.environ, "BDAAS_HOME": str(self.home), "NO_COLOR": "1", **environment}

    def run(self, *words, env=None, timeout=120, **more):
        return subprocess.run([self.bdaas, *words], env={**self.env, **(env or {})},
                              cwd=self.folder, capture_output=True, timeout=timeout, check=False,
                              **more)

    def serve(self, *words):
        """In the foreground; returns when it listens. What it says: log()."""
        with open(self.folder / "serve.log", "ab") as log:
            process = subprocess.Popen([self.bdaas, "serve", *words], env=self.env, stderr=log)

        def listens():
            return process.poll() is not None or self.address().get("pid") == process.pid
        if not eventually(listens) or process.poll() is not None:
            process.kill()
            raise AssertionError(f"bdaas serve: {self.log()}")
        return process

    def log(self):
        return (self.folder / "serve.log").read_text(errors="replace")

    def address(self):
        try:
            return json.loads((self.home / "manager.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def token(self):
        return (self.home / "token").read_text().strip()

    def ask(self, method, path, body=b"", headers=None, token=None):
        """Status, headers and body of the manager's answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.address()["port"], timeout=60)
        if token is None:
            token = self.token()
        connection.request(method, path, body,
                           {"Authorization": f"Bearer {token}", **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def get(self, path):
        status, _, content = self.ask("GET", path)
        assert status == 200, f"GET {path}: {status} {content}"
        return json.loads(content)

    def post(self, path, value):
        status, _, content = self.ask("POST", path, json.dumps(value).encode(),
                                      {"Content-Type": "application/json"})
        assert status < 300, f"POST {path}: {status} {content}"
        return json.loads(content)

    def processes(self):
        return processes_naming(str(self.folder))

    def end(self):
        """Ends the manager and its clusters; what is left after that is killed and returned."""
        if self.address():
            try:
                self.run("stop", "--terminate-clusters", timeout=120)
            except subprocess.SubprocessError:
                pass  # what is left tells
        eventually(lambda: not self.processes(), 10)
        left = self.processes()
        for pid in left:
            os.kill(pid, 9)
        self.folder_.cleanup()
        return left
