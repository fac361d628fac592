"""Clusters on hosts that were lent, behind real sshds: with the real engines, and what must not
happen there."""
import ast
import json
import os
import pathlib
import pty
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
import cluster_case  # noqa: E402
import lab_hosts  # noqa: E402
from cluster_case import PROGRAMS, TEXT, ClusterCase, wait_for  # noqa: E402


# Answers one request with what lies in its directory.
SERVE_ONCE = """import http.server, sys
server = http.server.HTTPServer((sys.argv[1], 8000), http.server.SimpleHTTPRequestHandler)
server.timeout = 60
print("listens", flush=True)
server.handle_request()
"""


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def fetch_by_socks(proxy, host, port, path):
    """The whole answer, through a SOCKS 5 proxy that looks names up itself."""
    with socket.create_connection(("127.0.0.1", proxy), timeout=20) as line:
        line.sendall(b"\x05\x01\x00")
        line.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode()
                     + port.to_bytes(2, "big"))
        with line.makefile("rb") as answer:
            assert answer.read(2) == b"\x05\x00"
            assert answer.read(10)[:2] == b"\x05\x00"
            line.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return answer.read()


def talk(words, env, typed):
    """What a program on a terminal shows when something is typed there, and its exit code."""
    terminal, end = pty.openpty()
    with subprocess.Popen(words, env=env, stdin=end, stdout=end, stderr=end,
                          start_new_session=True) as program:
        os.close(end)
        os.write(terminal, typed)
        shown = b""
        try:
            while piece := os.read(terminal, 4096):
                shown += piece
        except OSError:
            pass  # it has ended, and nothing is left to read
        os.close(terminal)
        return shown.decode(), program.wait(timeout=60)


class SshTest(ClusterCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab_hosts.Lab(3)
        cls.addClassCleanup(cls.lab.end)
        super().setUpClass()
        for host in cls.lab.hosts:
            wait_for(f"sshd of {host.name}", host.answers)

    def tearDown(self):
        """Nothing of ours runs on the hosts or lies there but what makes the next start fast, and
        none was switched off."""
        if (self.home.home / "manager.json").exists():
            self.bdaas("stop", "--terminate-clusters", code=None)  # of a test that failed
        wait_for("the loans are struck out", lambda: not list(self.home.home.glob("loans/*")))
        for host in self.lab.hosts:
            left = [words for words in host.processes() if "sshd" not in words]
            self.assertEqual(left, [], host.name)
            self.assertFalse((host.root() / "must-not-happen").exists())
            self.assertEqual(list(host.root().glob("var/tmp/bdaas-*/machines/*")), [], host.name)

    def place(self, **more):
        return "--on", "ssh", "--hosts", self.lab.hosts_file(**more), "--workers", 2

    def fake_cluster(self):
        cluster = self.create_cluster(*self.place(), "--engine", "fake")
        wait_for("it runs", lambda: self.running_cluster())
        return cluster

    def refusal(self, *words):
        """The one sentence on stderr of a cluster that is refused before anything is borrowed."""
        ran = self.bdaas("clusters", "create", *words, "--engine", "fake", code=None)
        self.assertNotEqual(ran.returncode, 0)
        self.assertEqual(list(self.home.home.glob("loans/*")), [])
        return ran.stderr

    def test_words_are_counted_on_lent_hosts_again_and_again(self):
        for master in ("yarn", "standalone"):  # at once: the ports of the first have just ended
            archive, ran = self.run_program(PROGRAMS / "wordcount.py", "--data", TEXT,
                                            "--master", master, *self.place())
            self.assertEqual(ran.stdout, "counted\n")
            self.check_word_counts(dict(map(ast.literal_eval, archive.output_text().splitlines())))

    def test_a_killed_manager_gives_back_what_it_had_borrowed(self):
        cluster = self.fake_cluster()
        for host in self.lab.hosts:
            self.assertTrue([w for w in host.processes() if "bdaas-agent" in w], host.name)
        os.kill(self.home.address()["pid"], signal.SIGKILL)
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_an_agent_that_was_killed_is_started_again(self):
        cluster = self.fake_cluster()
        worker = self.lab.hosts[1]
        agents = [pid for pid in worker.pids() if " run --dir " in worker.command_of(pid)]
        self.assertEqual(len(agents), 1)
        os.kill(agents[0], signal.SIGKILL)
        wait_for("another agent", lambda: [w for w in worker.processes() if " run --dir " in w])
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_a_host_that_shows_another_key_is_refused(self):
        self.bdaas("clusters", "terminate", self.fake_cluster(), "--wait")
        self.bdaas("stop")
        known = self.home.home / "known_hosts"
        kept = known.read_text()
        other = lab_hosts.keygen(self.lab.dir / "other").read_text().split()[1]
        lines = [line.split() for line in kept.splitlines()]
        self.assertEqual(len(lines), 3)
        lines[2][2] = other
        known.write_text("".join(" ".join(line) + "\n" for line in lines))
        said = self.refusal(*self.place())
        self.assertIn("known_hosts", said)
        self.assertIn("SHA256:", said)
        self.bdaas("stop")
        known.write_text(kept)

    def there(self, cluster, node, *words, code=0):
        return self.bdaas("ssh", cluster, node, "--", *words, code=code).stdout

    def tunnel(self, cluster, *words):
        """Begins one; its process, and the map it printed when it was ready."""
        tunnel = self.start("tunnel", cluster, "--json", *words)
        self.addCleanup(tunnel.communicate)
        self.addCleanup(tunnel.kill)
        line = tunnel.stdout.readline()
        if not line:
            self.fail(tunnel.communicate(timeout=20)[1])
        return tunnel, json.loads(line)

    def end_tunnel(self, tunnel):
        tunnel.send_signal(signal.SIGINT)
        out, err = tunnel.communicate(timeout=20)
        self.assertEqual((out, err), ("", ""))
        self.assertNotEqual(tunnel.returncode, 0)

    def serve_once(self, cluster, node):
        """On port 8000 of a node, in its directory."""
        server = self.start("ssh", cluster, node["name"], "--", "python3", "-c", SERVE_ONCE,
                            node["machine"]["address"])
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        if server.stdout.readline() != "listens\n":
            self.fail(server.communicate(timeout=20)[1])
        return server

    def named_nodes(self, cluster):
        nodes = self.nodes(cluster)
        for node in nodes:
            node["name"] = "master" if node["index"] == 0 else f"worker-{node['index']}"
        return nodes

    def host_of(self, node):
        return next(h for h in self.lab.hosts if h.address == node["machine"]["address"])

    def test_commands_run_on_the_nodes(self):
        cluster = self.fake_cluster()
        for node in self.named_nodes(cluster):
            for name in (node["name"], node["id"]):
                said = self.there(cluster, name, "cat", "/proc/sys/kernel/hostname")
                self.assertEqual(said, self.host_of(node).name + "\n")
            self.assertEqual(self.there(cluster, node["name"], "pwd"),
                             node["machine"]["dir"] + "\n")
        self.assertEqual(self.there(cluster, "master", "sh", "-c", "id -un; exit 7", code=7),
                         "ann\n")
        odd = "a  'b' \"c\" $HOME * ; \\"
        self.assertEqual(self.there(cluster, "master", "printf", "%s", odd), odd)
        self.assertEqual(subprocess.run(  # without a command, a shell that reads its stdin
            [cluster_case.BINARY, "ssh", cluster], env=self.env, input="echo $((6*7))\nexit 3\n",
            capture_output=True, text=True, timeout=60, check=False).returncode, 3)
        shown, code = talk([cluster_case.BINARY, "ssh", cluster, "worker-1"], self.env,
                           b"tty; pwd; exit 5\n")
        self.assertEqual(code, 5, shown)
        self.assertIn("/dev/pts/", shown)
        self.assertIn(self.nodes(cluster)[1]["machine"]["dir"], shown)
        self.assertIn("no node 'worker-3'",
                      self.bdaas("ssh", cluster, "worker-3", code=4).stderr)
        without = {**self.env, "PATH": "/nonexistent"}
        self.assertIn("'ssh' is not installed", self.bdaas("ssh", cluster, env=without,
                                                           code=2).stderr)
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_files_go_there_and_back(self):
        cluster = self.fake_cluster()
        tree = self.folder / "some: tree"
        (tree / "below").mkdir(parents=True)
        content = os.urandom(3_000_000)
        (tree / "below" / "it's [1] *.bin").write_bytes(content)
        (tree / "empty").touch()
        self.bdaas("cp", cluster, "-r", "./some: tree", "worker-1:copied here")
        self.assertEqual(self.there(cluster, "worker-1", "ls", "copied here"), "below\nempty\n")
        one = "copied here/below/it's [1] *.bin"
        self.bdaas("cp", cluster, f"worker-1:{one}", "one.bin")
        self.assertEqual((self.folder / "one.bin").read_bytes(), content)
        self.bdaas("cp", cluster, "-r", "worker-1:copied here", "back")
        self.assertEqual((self.folder / "back/below/it's [1] *.bin").read_bytes(), content)
        self.bdaas("cp", cluster, "one.bin", "master:/tmp/x.bin")
        self.assertEqual(len((self.lab.hosts[0].root() / "tmp/x.bin").read_bytes()), len(content))
        self.assertNotEqual(self.bdaas("cp", cluster, "master:absent", ".", code=None).returncode,
                            0)
        shutil.rmtree(tree)
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_ports_of_the_nodes_are_reached(self):
        cluster = self.fake_cluster()
        worker = self.named_nodes(cluster)[1]
        tunnel, ports = self.tunnel(cluster, "worker-1:8000")
        server = self.serve_once(cluster, worker)
        self.assertEqual(ports["forwards"][0]["local_port"], 8000)
        self.assertIn(b"agent-plan.json", fetch(ports["forwards"][0]["url"]))
        self.assertEqual(server.wait(timeout=20), 0)
        again, others = self.tunnel(cluster, "-L", "0:worker-1:8000", "--socks", "0")
        self.assertNotEqual(others["forwards"][0]["local_port"], 8000)
        for look in (lambda: fetch(others["forwards"][0]["url"]),
                     lambda: fetch_by_socks(int(others["socks"].rpartition(":")[2]),
                                            worker["machine"]["address"], 8000, "/")):
            server = self.serve_once(cluster, worker)
            self.assertIn(b"agent-plan.json", look())
            self.assertEqual(server.wait(timeout=20), 0)
        self.assertIn("cannot listen on 127.0.0.1:8000",
                      self.bdaas("tunnel", cluster, "8000:master:22", code=2).stderr)
        self.end_tunnel(tunnel)
        self.end_tunnel(again)
        with self.assertRaises(OSError):
            fetch(ports["forwards"][0]["url"])
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_the_pages_of_the_engines_are_reached(self):
        cluster = self.create_cluster(*self.place(), "--wait")
        tunnel, ports = self.tunnel(cluster)
        pages = {page["title"]: page["url"] for page in ports["forwards"]}
        self.assertEqual(set(pages), {"HDFS NameNode", "YARN ResourceManager"})
        self.assertIn(b"Namenode information", fetch(pages["HDFS NameNode"]))
        self.assertIn(b"About the Cluster", fetch(pages["YARN ResourceManager"]))
        self.assertIn("/conf\n", self.there(cluster, "worker-1", "sh", "-c",
                                            'ls "$HADOOP_CONF_DIR/core-site.xml" >&2 && '
                                            '"$JAVA_HOME/bin/java" -version && '
                                            'echo "$HADOOP_CONF_DIR"'))
        self.end_tunnel(tunnel)
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_through_two_jumps_and_by_fingerprints(self):
        known = self.home.home / "known_hosts"
        self.bdaas("stop")
        known.unlink(missing_ok=True)
        jumps = [f"{lab_hosts.USER}@{host.address}" for host in self.lab.hosts[:0:-1]]
        hosts = self.lab.hosts_file()
        text = f"jump = {json.dumps(jumps)}\n{hosts.read_text()}"
        for host in self.lab.hosts:
            shown = subprocess.run(["ssh-keygen", "-lf", f"{host.dir}.hostkey.pub"], check=True,
                                   capture_output=True, text=True).stdout.split()[1]
            text = text.replace(f'address = "{host.address}"',
                                f'address = "{host.address}"\nhost_key = "{shown}"')
        hosts.write_text(text)
        cluster = self.create_cluster("--on", "ssh", "--hosts", hosts, "--workers", 2, "--engine",
                                      "fake", "--wait")
        worker = self.named_nodes(cluster)[1]
        self.assertEqual(len(worker["login"]["jumps"]), 2)
        self.assertEqual(self.there(cluster, "worker-1", "hostname"),
                         self.host_of(worker).name + "\n")
        self.bdaas("cp", cluster, "worker-1:agent-plan.json", "plan.json")
        json.loads((self.folder / "plan.json").read_text())
        tunnel, ports = self.tunnel(cluster, "worker-1:8000")
        server = self.serve_once(cluster, worker)
        self.assertIn(b"agent-plan.json", fetch(ports["forwards"][0]["url"]))
        self.assertEqual(server.wait(timeout=20), 0)
        self.end_tunnel(tunnel)
        self.bdaas("clusters", "terminate", cluster, "--wait")
        self.bdaas("stop")
        known.unlink()

    def test_another_host_key_is_refused_by_ssh_too(self):
        cluster = self.fake_cluster()
        known = self.home.home / "known_hosts"
        kept = known.read_text()
        master = self.lab.hosts[0].address
        other = lab_hosts.keygen(self.lab.dir / "changed").read_text().split()[1]
        lines = [line.split() for line in kept.splitlines()]
        known.write_text("".join(f"{name} {kind} {other if name == master else key}\n"
                                 for name, kind, key in lines))
        for words in (("ssh", cluster, "--", "true"), ("cp", cluster, "master:x", "x"),
                      ("tunnel", cluster, "master:22")):
            ran = self.bdaas(*words, code=255)
            self.assertIn("HAS CHANGED", ran.stderr)
            self.assertEqual(ran.stdout, "")
        known.write_text("".join(f"{line}\n" for line in kept.splitlines()
                                 if not line.startswith(master + " ")))
        self.assertIn(f"no host key of {master}:22 is known",
                      self.bdaas("ssh", cluster, code=2).stderr)
        known.write_text(kept)
        self.assertEqual(self.there(cluster, "master", "hostname"), "lab-1\n")
        self.bdaas("clusters", "terminate", cluster, "--wait")

    def test_what_cannot_work_is_said_before_anything_is_borrowed(self):
        self.assertIn("need 4 hosts, and 3 are named",
                      self.refusal("--on", "ssh", "--hosts", self.lab.hosts_file(), "--workers", 3))
        self.assertIn("--hosts FILE", self.refusal("--on", "ssh"))
        stranger = lab_hosts.keygen(self.lab.dir / "stranger").with_suffix("")
        self.assertIn("publickey", self.refusal(*self.place(key=stranger)))
        self.assertIn("cannot be used", self.refusal(*self.place(port=23)))
        self.assertIn("/proc", self.refusal(*self.place(dir="/proc/nowhere")))


if __name__ == "__main__":
    lab_hosts.run(cluster_case.main, lab_hosts.needed())
