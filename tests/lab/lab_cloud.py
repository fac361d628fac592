"""The lab's EC2: moto behind the stricter proxy, and a simulated computer for each of its instances
that runs, which boots as an image of Debian does: an sshd with a key of its own, and then the user
data as root. Metadata is served to nobody. Groups are not enforced."""
import base64
import json
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "ec2"))
import lab_hosts  # noqa: E402
import moto_server  # noqa: E402
from ec2_views import Behaviour  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402

REAL = Behaviour(running_after=1.0, listed_after=0.3, tagged_after=0.3)
POWERED_OFF = 42  # the exit code of a process 1 that was told to end
SWITCHED_OFF = "Client.InstanceInitiatedShutdown: Instance initiated shutdown"

# A machine that is rented. Arguments: how many of its seconds make one of ours; whether it has an
# sshd. Its user data lies beside its directory.
RENTED = lab_hosts.BEGIN + r"""
faster=$1 sshd=$2
ip route add default dev eth0
ip route add unreachable 169.254.0.0/16
mkdir -p "$root/var/lib/cloud/instance" "$root/usr/local/bin"
cp "$dir.user-data" "$root/var/lib/cloud/instance/user-data"
chmod 700 "$root/var/lib/cloud/instance/user-data"
rm -rf "$root"/etc/sudoers.d/bdaas "$root/opt/bdaas"
# Init ends everything, as it would; who is not root may not tell it to.
cat > "$root/usr/sbin/lab-power-off" <<'END'
#!/bin/sh
case " $* " in *" +"[1-9]*) echo "nobody is here who waits: $*" >&2; exit 1;; esac
exec kill -TERM 1
END
chmod 755 "$root/usr/sbin/lab-power-off"
for program in shutdown poweroff halt reboot; do
  rm -f "$root/usr/sbin/$program"
  ln -s lab-power-off "$root/usr/sbin/$program"
done
if [ "$faster" != 1 ]; then
  printf '#!/bin/sh\nexec /usr/bin/sleep "$(echo "$1" | awk "{print \\$1 / %s}")"\n' "$faster" \
    > "$root/usr/local/bin/sleep"
  chmod 755 "$root/usr/local/bin/sleep"
fi
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  chroot "$root" sh -c '
cd /
trap "exit 42" TERM
if [ "$1" = yes ]; then
  ssh-keygen -q -t ed25519 -N "" -C "" -f /etc/ssh/ssh_host_ed25519_key
  /usr/sbin/sshd -D -e -f /dev/null -o HostKey=/etc/ssh/ssh_host_ed25519_key -o UsePAM=no \
    -o PidFile=/run/sshd.pid -o UseDNS=no -o PasswordAuthentication=no \
    -o AuthorizedKeysFile=.ssh/authorized_keys &
  until [ -s /run/sshd.pid ]; do /usr/bin/sleep 0.02; done
fi
{ /var/lib/cloud/instance/user-data; echo "user data: $?" >&2; } &
while :; do wait; /usr/bin/sleep 1000000 & done
' init "$sshd"
"""


class Cloud:
    """behaviour: of EC2. faster: how many of a machine's minutes pass in one of ours, where it
    sleeps; of machines that boot from then on. `proxy` has the faults and the accounts."""

    def __init__(self, behaviour=REAL, faster=1):
        self.folder = tempfile.TemporaryDirectory(prefix="bdaas-cloud-")
        self.dir = pathlib.Path(self.folder.name)
        self.faster = faster
        self.bridge = lab_hosts.Bridge()
        lab_hosts.ip("route", "add", "default", "dev", lab_hosts.BRIDGE)
        lab_hosts.ip("route", "replace", "unreachable", "169.254.0.0/16")
        self.moto = moto_server.Moto()
        self.proxy = FaultProxy(self.moto, lab_hosts.MANAGER, behaviour, self.dir / "calls")
        self.lock = threading.Lock()  # guards hosts and lost
        self.hosts = {}               # id of the instance: Host, that has power
        self.lost = set()             # ids of those that had some
        self.broken = []              # what the lab itself could not do
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def environment(self):
        """For who is to find this cloud by the environment."""
        return moto_server.environment(self.proxy.endpoint, *self.moto.user)

    def living(self):
        """Hosts that have power."""
        with self.lock:
            return list(self.hosts.values())

    def costing(self):
        return self.proxy.costing()

    def run(self):
        while not self.ending.wait(0.05):
            try:
                self.look()
            except (AssertionError, OSError, lab_hosts.subprocess.SubprocessError) as error:
                self.broken.append(repr(error))  # close() tells

    def look(self):
        for machine, state in self.proxy.machines():
            with self.lock:
                host = self.hosts.get(machine.id)
            if host is None:
                if state == "running" and machine.id not in self.lost:
                    self.boot(machine)
            elif state in ("shutting-down", "terminated"):
                self.cut(machine.id, host)
            elif host.process.poll() is not None:
                self.cut(machine.id, host)
                # Whatever else ends process 1, EC2 goes on to charge for the instance.
                if host.process.returncode == POWERED_OFF and machine.ends_at_shutdown:
                    self.proxy.end_machine(machine.id, SWITCHED_OFF)
            elif machine.fault and machine.fault.kind == "dies":
                if self.proxy.now() >= host.booted_at + machine.fault.seconds:
                    self.cut(machine.id, host)

    def boot(self, machine):
        kind = machine.fault.kind if machine.fault else ""
        if kind == "never_boots":
            self.lost.add(machine.id)
            return
        addresses = [f"{address}/32" for address in
                     (machine.private_address, machine.public_address) if address]
        # The last of the id: the name of a link has 15 signs.
        host = lab_hosts.Host(self.dir, machine.id[-10:], addresses, RENTED, str(self.faster),
                              "no" if kind == "no_sshd" else "yes")
        host.dir.with_suffix(".user-data").write_bytes(base64.b64decode(machine.user_data)
                                                       or b"#!/bin/sh\n")
        host.boot()
        host.booted_at = self.proxy.now()
        with self.lock:
            self.hosts[machine.id] = host

    def cut(self, machine_id, host):
        host.lose_power()
        with self.lock:
            del self.hosts[machine_id]
            self.lost.add(machine_id)

    def forget_all(self):
        """A new account, and no machine."""
        for machine, _ in self.proxy.machines():
            with self.lock:
                host = self.hosts.get(machine.id)
            if host is not None:
                raise AssertionError(f"{machine.id} has power still")
        self.proxy.forget_all()

    def calls(self):
        """The log of the proxy."""
        path = self.dir / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def said(self):
        """What the machines that were said on their consoles."""
        return "\n".join(f"--- {path.stem}\n{path.read_text(errors='replace')[-1500:]}"
                         for path in sorted(self.dir.glob("*.log")))

    def close(self):
        self.ending.set()
        self.thread.join()
        for machine_id, host in list(self.hosts.items()):
            self.cut(machine_id, host)
        self.proxy.close()
        self.moto.close()
        self.bridge.end()
        self.folder.cleanup()
        if self.broken:
            raise AssertionError(f"the lab failed: {self.broken}")


def needed():
    return lab_hosts.needed("sudo", "awk")
