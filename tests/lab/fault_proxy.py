"""Before moto, to the manager, a stricter EC2 than moto is, and one in which things go wrong when a
test or a seed wants them to. All of it by the Query API; thread-safe.

    with contextlib.closing(FaultProxy(moto)) as proxy:
        proxy.endpoint                                   # for AWS_ENDPOINT_URL_EC2
        proxy.plan.order("dropped_after", "RunInstances")
        proxy.calls, proxy.costing()
"""
import collections
import contextlib
import http.server
import json
import pathlib
import socket
import socketserver
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET

import ec2_faults
import ec2_rules
import ec2_views
from ec2_rules import Refusal
from ec2_views import Behaviour, Machine, text_of

REGION = "eu-west-3"
EC2_NAMESPACE = f'xmlns="{ec2_rules.NAMESPACE}"'.encode()
MOTO_NAMESPACE = EC2_NAMESPACE.replace(b'/"', b'"')
EC2_DENIES = b"<Code>AccessDenied</Code>", b"<Code>UnauthorizedOperation</Code>"
ENDED_BY_CLOUD = "Server.InternalError: Internal error on launch"
ENDED_SPOT = "Server.SpotInstanceTermination: Spot instance termination"
ENDED_AT_START = ("Server.InsufficientInstanceCapacity: There is not enough capacity to fulfill "
                  "your request")


class Dropped(Exception):
    """The connection ends without an answer."""


Launch = collections.namedtuple("Launch", "asked ids body")  # what a ClientToken stands for
Trigger = collections.namedtuple("Trigger", "left action when do")


class FaultProxy:
    """`moto`: tests/ec2/moto_server.py. log: a file that gets a line of JSON for each call.
    now: seconds, of a clock that does not go back."""

    def __init__(self, moto, address="127.0.0.1", behaviour=Behaviour(), log=None,
                 now=time.monotonic):
        self.moto, self.behaviour, self.now = moto, behaviour, now
        self.parameters = ec2_rules.parameters()
        self.plan = ec2_faults.Plan()
        self.log = pathlib.Path(log) if log else None
        self.lock = threading.RLock()      # guards what follows
        self.changed = threading.Condition(self.lock)
        self.calls = []
        self.broken = []
        self.machines_ = {}                # id: Machine
        self.launches = {}                 # ClientToken: Launch
        self.launching = collections.defaultdict(threading.Lock)  # ClientToken: one at a time
        self.young = {}                    # id of a group, name of a key pair: known from then on
        self.pager = ec2_views.Pager()
        self.subnets = None
        self.trigger = None
        self.timers = []
        self.ending = threading.Event()
        self.server = Server((address, 0), Line)
        self.server.proxy = self
        self.endpoint = f"http://{address}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.ending.set()
        self.cancel_timers()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        if self.broken:
            raise AssertionError(f"the proxy failed: {self.broken}")

    def cancel_timers(self):
        with self.lock:
            timers, self.timers = self.timers, []
        for timer in timers:
            timer.cancel()
            timer.join()

    # ---- for tests ----

    def on_call(self, number, when, do, action=None):
        """Calls do() at the n-th call from now on, of all or of that action: "before" moto sees
        it, and then it never does, or "after" it did. Whoever asked gets no answer."""
        if when not in ("before", "after"):
            raise ValueError(when)
        with self.lock:
            self.trigger = Trigger(number, action, when, do)

    def off_call(self):
        """Whether something was to be set off, and has not been."""
        with self.lock:
            waiting, self.trigger = self.trigger, None
            return waiting is not None

    def machines(self):
        """[(Machine, state)], all that were ever launched."""
        with self.lock:
            now = self.now()
            return [(machine, machine.state(now)) for machine in self.machines_.values()]

    def end_machine(self, machine_id, reason):
        """As the cloud ends one, or as one ends that switches itself off."""
        self.as_owner({"Action": "TerminateInstances", "InstanceId.1": machine_id})
        self.mark_ended([machine_id], reason)

    def costing(self):
        """What moto itself still has: {} when nothing costs or stays."""
        ec2 = self.moto.client("ec2", *self.moto.owner)
        instances = [instance["InstanceId"]
                     for page in ec2.get_paginator("describe_instances").paginate()
                     for reservation in page["Reservations"]
                     for instance in reservation["Instances"]
                     if instance["State"]["Name"] != "terminated"]
        found = {
            "instances": instances,
            "volumes": [volume["VolumeId"] for volume in ec2.describe_volumes()["Volumes"]],
            "groups": [group["GroupName"] for group in
                       ec2.describe_security_groups()["SecurityGroups"]
                       if group["GroupName"] != "default"],
            "keys": [key["KeyName"] for key in ec2.describe_key_pairs()["KeyPairs"]]}
        return {name: what for name, what in found.items() if what}

    def count(self, **wanted):
        """Calls of the log with these values, as in count(action="RunInstances", fault="slow")."""
        with self.lock:
            return sum(all(call.get(name) == value for name, value in wanted.items())
                       for call in self.calls)

    def forget_all(self):
        """A new account, in moto too; the log goes on."""
        self.cancel_timers()
        with self.lock:
            self.moto.forget_all()
            self.machines_, self.launches, self.young, self.subnets = {}, {}, {}, None
            self.changed.notify_all()

    # ---- one call ----

    def answer(self, method, url, headers, body):
        """(status, body). Dropped: none."""
        action = dict(urllib.parse.parse_qsl(body.decode())).get("Action", "")
        entry = {"time": time.time(), "action": action, "token": "", "fault": "", "code": ""}
        with self.lock:
            self.calls.append(entry)
            trigger = self.due(action)
        began = time.monotonic()
        try:
            with self.triggered(trigger):
                entry["status"], answer = self.ruled(method, url, headers, body, entry)
                entry["code"] = refusal_code(answer) if entry["status"] >= 400 else ""
        except Refusal as refusal:
            entry["status"], entry["code"] = refusal.status, refusal.code
            answer = refusal.body()
        except Dropped:
            entry["status"] = 0
            raise
        except Exception as error:
            self.broken.append(f"{entry['action']}: {error!r}")  # the proxy itself: close() tells
            raise
        finally:
            entry["seconds"] = round(time.monotonic() - began, 4)
            self.write(entry)
        return entry["status"], answer

    def due(self, action):
        """The trigger, when this call is its."""
        if self.trigger is None or self.trigger.action not in (None, action):
            return None
        self.trigger = self.trigger._replace(left=self.trigger.left - 1)
        if self.trigger.left > 0:
            return None
        due, self.trigger = self.trigger, None
        return due

    @contextlib.contextmanager
    def triggered(self, trigger):
        if trigger and trigger.when == "before":
            trigger.do()
            raise Dropped
        try:
            yield
        finally:
            if trigger:
                trigger.do()
        if trigger:
            raise Dropped

    def write(self, entry):
        if self.log:
            with self.lock, self.log.open("a", encoding="utf-8") as out:
                out.write(json.dumps(entry) + "\n")

    def ruled(self, method, url, headers, body, entry):
        pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
        key = ec2_rules.check_signature(method, url, headers, body, self.secrets(), REGION)
        form = self.parameters.check(pairs)
        entry["token"] = form.get("ClientToken", "")
        if form.get("DryRun") == "true":
            entry["dry"] = True
        fault = self.plan.fault(form["Action"], form)
        if fault:
            entry["fault"] = fault.kind
            return self.with_fault(fault, form, key, entry)
        return self.done(form, key, None, entry)

    def secrets(self):
        return dict((self.moto.user, self.moto.owner))

    def with_fault(self, fault, form, key, entry):
        if fault.kind in ec2_faults.REFUSALS:
            raise ec2_faults.REFUSALS[fault.kind]
        if fault.kind == "dropped_before":
            raise Dropped
        if fault.kind == "slow":
            self.ending.wait(fault.seconds)
        answer = self.done(form, key, fault, entry)
        if fault.kind == "dropped_after":
            raise Dropped
        if fault.kind == "internal_done":
            raise ec2_faults.REFUSALS["internal"]
        return answer

    def done(self, form, key, fault, entry):
        action = form["Action"]
        self.check_known(form)
        if action == "RunInstances":
            return self.launched(form, key, fault, entry)
        if action in ec2_rules.PAGED:
            return self.listed(form, key, fault)
        status, body = self.forwarded(form, key)
        if status == 200:
            body = self.noted(form, body, entry)
        return status, body

    def check_known(self, form):
        """What a list does not show yet is not known by its name either."""
        with self.lock:
            now = self.now()
            for machine_id in ec2_rules.listed(form, "InstanceId"):
                machine = self.machines_.get(machine_id)
                if machine and not machine.is_listed(now):
                    raise Refusal("InvalidInstanceID.NotFound",
                                  f"The instance ID '{machine_id}' does not exist")
            for group in ec2_views.group_ids(form):
                if now < self.young.get(group, now):
                    raise Refusal("InvalidGroup.NotFound",
                                  f"The security group '{group}' does not exist")
            name = form.get("KeyName", "")
            if form["Action"] == "RunInstances" and now < self.young.get(name, now):
                raise Refusal("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
            if form["Action"] == "DeleteSecurityGroup":
                users = [machine.id for machine in self.machines_.values()
                         if form.get("GroupId") in machine.groups
                         and machine.state(now) != "terminated"]
                if users:
                    raise Refusal("DependencyViolation",
                                  f"resource {form['GroupId']} has a dependent object")

    def noted(self, form, body, entry):
        """What moto has done, as EC2 tells it."""
        answer = ET.fromstring(body)
        action = form["Action"]
        with self.lock:
            now = self.now()
            if action == "TerminateInstances":
                entry["ids"] = ec2_rules.listed(form, "InstanceId")
                self.mark_ended(entry["ids"], "")
            elif action == "CreateSecurityGroup":
                self.young[text_of(answer, "groupId")] = now + self.behaviour.known_after
            elif action == "ImportKeyPair":
                self.young[form["KeyName"]] = now + self.behaviour.known_after
            elif action == "DescribeKeyPairs":
                ec2_views.hide_young(answer, "keySet", "keyName", self.hidden(now))
                return ec2_views.to_bytes(answer)
        return body

    def hidden(self, now):
        return {name for name, listed_at in self.young.items() if now < listed_at}

    def mark_ended(self, ids, reason):
        with self.lock:
            for machine_id in ids:
                machine = self.machines_.get(machine_id)
                if machine and machine.ended_at is None:
                    machine.ended_at, machine.end_reason = self.now(), reason
            self.changed.notify_all()

    # ---- RunInstances ----

    def launched(self, form, key, fault, entry):
        if form.get("DryRun") == "true":
            return self.forwarded(self.placed(form), key)
        token = form.get("ClientToken")
        if token is None:
            return self.launched_now(form, key, fault, entry)
        with self.lock:
            mine = self.launching[token]
        with mine:
            with self.lock:
                before = self.launches.get(token)
            if before:
                return 200, self.launched_before(form, before, entry)
            return self.launched_now(form, key, fault, entry)

    def launched_before(self, form, before, entry):
        if form != before.asked:
            raise Refusal("IdempotentParameterMismatch",
                          "The client token was used with other parameters before")
        entry["replay"], entry["ids"] = True, before.ids
        with self.lock:
            now, answer = self.now(), ET.fromstring(before.body)
            for item in ec2_views.instances_of(answer):
                machine = self.machines_[text_of(item, "instanceId")]
                if machine.ended_at is not None:
                    raise Refusal("IdempotentInstanceTerminated",
                                  "The instance of that client token has been terminated")
                ec2_views.show(item, machine, now, tagged=True)
        return ec2_views.to_bytes(answer)

    def launched_now(self, form, key, fault, entry):
        status, body = self.forwarded(self.placed(form), key)
        if status != 200:
            return status, body
        answer = ET.fromstring(body)
        with self.lock:
            now = self.now()
            machines = [self.machine(item, form, fault, now)
                        for item in ec2_views.instances_of(answer)]
            entry["ids"] = [machine.id for machine in machines]
            self.machines_.update((machine.id, machine) for machine in machines)
            if "ClientToken" in form:
                self.launches[form["ClientToken"]] = Launch(form, entry["ids"], body)
            for item, machine in zip(ec2_views.instances_of(answer), machines):
                ec2_views.show(item, machine, now, tagged=True)
            self.changed.notify_all()
        self.end_early(machines, fault, form)
        return 200, ec2_views.to_bytes(answer)

    def machine(self, item, form, fault, now):
        kept = fault if fault and fault.kind in ec2_faults.MACHINE_FAULTS else None
        return Machine(id=text_of(item, "instanceId"), launched_at=now, behaviour=self.behaviour,
                       private_address=text_of(item, "privateIpAddress"),
                       public_address=text_of(item, "ipAddress"),
                       groups=ec2_rules.listed(form, "SecurityGroupId"),
                       user_data=form.get("UserData", ""),
                       ends_at_shutdown=form.get(
                           "InstanceInitiatedShutdownBehavior") == "terminate", fault=kept)

    def end_early(self, machines, fault, form):
        if fault and fault.kind == "ends_at_start":
            for machine in machines:
                self.end_machine(machine.id, ENDED_AT_START)
        elif fault and fault.kind == "interrupted":
            spot = form.get("InstanceMarketOptions.MarketType") == "spot"
            for machine in machines:
                timer = threading.Timer(fault.seconds, self.end_machine, (
                    machine.id, ENDED_SPOT if spot else ENDED_BY_CLOUD))
                with self.lock:
                    self.timers.append(timer)
                timer.start()

    def placed(self, form):
        """In a subnet, as EC2 chooses one; moto would give addresses of no network."""
        if "SubnetId" in form or any(name.startswith("NetworkInterface.") for name in form):
            return form
        with self.lock:
            if self.subnets is None:
                answer = ET.fromstring(self.as_owner({"Action": "DescribeSubnets"}))
                self.subnets = {text_of(item, "availabilityZone"): text_of(item, "subnetId")
                                for item in ec2_views.items(answer, "subnetSet")
                                if text_of(item, "defaultForAz") == "true"}
            zone = form.get("Placement.AvailabilityZone", min(self.subnets))
            if zone not in self.subnets:
                raise Refusal("InvalidParameterValue", f"Invalid availability zone: [{zone}]")
            return form | {"SubnetId": self.subnets[zone]}

    # ---- lists ----

    def listed(self, form, key, fault):
        action = form["Action"]
        rest, by_state, on_tags = (ec2_views.split_filters(form) if action == "DescribeInstances"
                                   else (dict(form), {}, False))
        rest.pop("NextToken", None)
        rest.pop("MaxResults", None)
        if action == "DescribeInstances" and "InstanceId.1" not in rest:
            rest["MaxResults"] = "1000000"  # moto's own page is 100
        status, body = self.forwarded(rest, key)
        if status != 200:
            return status, body
        answer = ET.fromstring(body)
        with self.lock:
            now = self.now()
            if action == "DescribeInstances":
                ec2_views.show_instances(answer, self.machines_, now, by_state, on_tags)
            elif action == "DescribeSecurityGroups":
                ec2_views.hide_young(answer, "securityGroupInfo", "groupId", self.hidden(now))
            self.pager.cut(answer, form, self.behaviour.page_size,
                           fault is not None and fault.kind == "empty_page")
        return 200, ec2_views.to_bytes(answer)

    # ---- moto ----

    def forwarded(self, form, key):
        """moto's status and body; signed as whoever asked."""
        body = urllib.parse.urlencode(form).encode()
        url = self.moto.endpoint + "/"
        headers = ec2_rules.signed("POST", url, body, key, self.secrets()[key], REGION)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers),
                                        timeout=60) as answer:
                return answer.status, answer.read().replace(MOTO_NAMESPACE, EC2_NAMESPACE, 1)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().replace(*EC2_DENIES)

    def as_owner(self, form):
        status, body = self.forwarded({"Version": ec2_rules.VERSION, **form}, self.moto.owner[0])
        if status != 200:
            raise AssertionError(f"{form['Action']}: {status} {body.decode()}")
        return body


def refusal_code(body):
    try:
        return next((node.text or "" for node in ET.fromstring(body).iter()
                     if node.tag.rpartition("}")[2] == "Code"), "")
    except ET.ParseError:
        return ""


class Server(socketserver.ThreadingTCPServer):
    """Unlike http.server's it asks nobody for the name of its address."""
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # of a client that was killed
            super().handle_error(request, client_address)


class Line(http.server.BaseHTTPRequestHandler):
    """A client's connection, kept as EC2 keeps it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            status, answer = proxy.answer("POST", f"http://{headers.get('host', '')}{self.path}",
                                          headers, body)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml;charset=UTF-8")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        except Dropped:
            self.close_connection = True
            with contextlib.suppress(OSError):  # the client may be faster
                self.connection.shutdown(socket.SHUT_RDWR)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # nobody waits for the answer any more

    def log_message(self, *_):
        """The log of calls tells more."""
