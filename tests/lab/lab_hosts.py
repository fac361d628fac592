"""Simulated computers: each a set of namespaces (network, mounts, processes, host name) with a root
of its own on tmpfs and a real sshd, on one bridge. All of it lives inside namespaces of the test,
and goes with it. Needs root, ip and sshd; needed() tells what is missing."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

BRIDGE = "lab0"
NETWORK = "10.77.0"
MANAGER = f"{NETWORK}.1"
USER = "ann"
INSIDE = "BDAAS_LAB_INSIDE"
SKIPPED = 77
SSHD = "/usr/sbin/sshd"

# Process 1 of a host begins so. Arguments: its directory, its name, its addresses; then what the
# rest of the script takes.
BEGIN = r"""
set -eu
echo namespaces
exec >&2
dir=$1 name=$2 addresses=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$dir"
mkdir "$dir/up" "$dir/work" "$dir/root"
mount -t overlay -o "lowerdir=/,upperdir=$dir/up,workdir=$dir/work" overlay "$dir/root"
root=$dir/root
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
for place in dev tmp run; do mount -t tmpfs -o mode=755 tmpfs "$root/$place"; done
chmod 1777 "$root/tmp"
for device in null zero random urandom; do
  : > "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts" "$root/run/sshd"
chmod 1777 "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
hostname "$name"
ip link set lo up
read -r _  # until eth0 is here
for address in $addresses; do ip addr add "$address" dev eth0; done
ip link set eth0 up
# As installers write it: the host's own name is no address that others can use.
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" > "$root/etc/hosts"
: > "$root/etc/resolv.conf"
sed -i 's/^hosts:.*/hosts: files/' "$root/etc/nsswitch.conf"
rm -f "$root"/etc/ssh/ssh_host_*
"""

# A host that is lent. Argument: the public key of who may log in.
LENT = BEGIN + r"""
key=$1
echo 'ann:x:4711:4711::/home/ann:/bin/sh' >> "$root/etc/passwd"
echo 'ann:*:19000:0:99999:7:::' >> "$root/etc/shadow"
echo 'ann:x:4711:' >> "$root/etc/group"
mkdir -p "$root/home/ann/.ssh"
cp "$key" "$root/home/ann/.ssh/authorized_keys"
chown -R 4711:4711 "$root/home/ann"
chmod 700 "$root/home/ann" "$root/home/ann/.ssh"
# A machine that is borrowed is never switched off.
rm -f "$root/must-not-happen"
for program in shutdown poweroff halt reboot; do
  rm -f "$root/usr/sbin/$program"
  printf '#!/bin/sh\necho "$0 $*" >> /must-not-happen\n' > "$root/usr/sbin/$program"
  chmod 755 "$root/usr/sbin/$program"
done
cp "$dir.hostkey" "$root/etc/ssh/lab_key"
chmod 600 "$root/etc/ssh/lab_key"
exec chroot "$root" /usr/sbin/sshd -D -e -f /dev/null -o HostKey=/etc/ssh/lab_key -o UsePAM=no \
  -o PidFile=none -o UseDNS=no -o PasswordAuthentication=no \
  -o AuthorizedKeysFile=.ssh/authorized_keys -o Subsystem="sftp internal-sftp"
"""


def needed(*programs):
    """What keeps the lab from running here; empty: nothing. `programs`: more than all labs need."""
    if os.geteuid() != 0:
        return "root"
    for program in ("ip", "unshare", "ssh-keygen", SSHD, *programs):
        if not shutil.which(program):
            return program
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "true"],
                           check=False, capture_output=True)
    return "" if tried.returncode == 0 else "namespaces"


def run(tests, missing):
    """What a script of the lab does: its tests, inside; missing: what keeps them from running."""
    if missing:
        print(f"skipped: the lab needs {missing}")
        sys.exit(SKIPPED)
    enter()
    tests()


def enter():
    """Runs this script again inside namespaces of its own; returns there."""
    if os.environ.get(INSIDE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.execvpe("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                           "--mount-proc", sys.executable, *sys.argv],
               {**os.environ, INSIDE: "1"})


class Bridge:
    """The network of the hosts, with the manager's address on it."""

    def __init__(self):
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{MANAGER}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")

    @staticmethod
    def end():
        ip("link", "del", BRIDGE)


class Host:
    """A computer whose process 1 runs `script`, BEGIN and what follows it, with `arguments` for
    that. `addresses` with the lengths of their networks, the first is the one it is reached at."""

    def __init__(self, folder, name, addresses, script, *arguments):
        self.name = name
        self.addresses = addresses
        self.address = addresses[0].partition("/")[0]
        self.dir = folder / name
        self.dir.mkdir()
        self.words = script, "init", self.dir, name, " ".join(addresses), *arguments
        self.process = None

    def boot(self):
        with open(self.dir.with_suffix(".log"), "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child",
                 "sh", "-c", *self.words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log)
        with self.process.stdout as ready:
            if not ready.readline():
                raise AssertionError(f"{self.name}: {self.log()}")
        link = f"v-{self.name}"
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns",
           str(self.process.pid))
        ip("link", "set", link, "master", BRIDGE, "up")
        with self.process.stdin as go:
            go.write(b"\n")

    def root(self):
        """Its files, seen from outside."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return pathlib.Path(f"/proc/{children.read_text().split()[0]}/root")

    def pids(self):
        """Of what runs there, as seen from outside."""
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop()
            try:
                children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            except OSError:
                continue  # it has ended meanwhile
            found += map(int, children)
            left += map(int, children)
        return found

    @staticmethod
    def command_of(pid):
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""  # it has ended meanwhile
        return words.replace(b"\0", b" ").decode(errors="replace").strip()

    def processes(self):
        """The command lines of what runs there."""
        return [words for words in map(self.command_of, self.pids()) if words]

    def answers(self):
        try:
            with socket.create_connection((self.address, 22), timeout=1) as line:
                return line.recv(4) == b"SSH-"
        except OSError:
            return False

    def log(self):
        return self.dir.with_suffix(".log").read_text(errors="replace")

    def lose_power(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        ip("link", "del", f"v-{self.name}", check=False)


class Lab:
    """Hosts of one test that are lent, `ann` may log in to them."""

    def __init__(self, count):
        self.folder = tempfile.TemporaryDirectory(prefix="bdaas-lab-")
        self.dir = pathlib.Path(self.folder.name)
        self.key = self.dir / "key"
        self.public_key = keygen(self.key)
        self.bridge = Bridge()
        self.hosts = [self.lend(number) for number in range(1, count + 1)]
        for host in self.hosts:
            host.boot()

    def lend(self, number):
        host = Host(self.dir, f"lab-{number}", [f"{NETWORK}.{10 + number}/24"], LENT,
                    self.public_key)
        keygen(host.dir.with_suffix(".hostkey"))
        return host

    def hosts_file(self, **more):
        """Of all hosts; what is more stands above them."""
        common = {"user": USER, "key": str(self.key), **more}
        lines = [f"{name} = {value if isinstance(value, int) else json.dumps(str(value))}"
                 for name, value in common.items()]
        for host in self.hosts:
            lines += ["[[host]]", f'address = "{host.address}"']
        path = self.dir / "hosts.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def end(self):
        for host in self.hosts:
            if host.process.poll() is None:
                host.lose_power()
        self.bridge.end()
        self.folder.cleanup()


def keygen(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", path],
                   check=True)
    return path.with_suffix(path.suffix + ".pub")


def ip(*words, check=True):
    subprocess.run(["ip", *words], check=check, capture_output=not check)
