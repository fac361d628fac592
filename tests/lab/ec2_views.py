"""What EC2 shows of what there is, and when: machines that are pending before they run, lists that
lag behind, pages. moto shows everything at once. The caller holds the lock."""
import copy
import dataclasses
import itertools
import re
import xml.etree.ElementTree as ET

from ec2_rules import NAMESPACE, PAGED, Refusal, listed, numbers_below

ET.register_namespace("", NAMESPACE)
CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64,
         "stopped": 80}
TOKENS_MAX = 1000
STATE_FILTERS = ("instance-state-name", "instance-state-code")


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """Seconds, and the most that a page holds whatever is asked for."""
    running_after: float = 0.0  # since RunInstances
    listed_after: float = 0.0   # of machines, since RunInstances
    tagged_after: float = 0.0   # of machines, since they are listed: by then a tag finds them
    known_after: float = 0.0    # of groups and key pairs, since they were made
    ended_after: float = 0.0    # shutting-down before terminated
    page_size: int = 1000


@dataclasses.dataclass
class Machine:
    """An instance, as it was launched, and what the clock makes of it."""
    id: str
    launched_at: float
    behaviour: Behaviour
    private_address: str
    public_address: str
    groups: list
    user_data: str  # base64
    ends_at_shutdown: bool
    fault: object = None
    ended_at: float = None
    end_reason: str = ""

    def is_listed(self, now):
        return now >= self.launched_at + self.behaviour.listed_after

    def is_tagged(self, now):
        return self.is_listed(now - self.behaviour.tagged_after)

    def state(self, now):
        if self.ended_at is not None:
            ended = now >= self.ended_at + self.behaviour.ended_after
            return "terminated" if ended else "shutting-down"
        running = now >= self.launched_at + self.behaviour.running_after
        return "running" if running else "pending"


def q(name):
    return f"{{{NAMESPACE}}}{name}"


def text_of(node, *path):
    for name in path:
        node = node.find(q(name)) if node is not None else None
    return (node.text or "") if node is not None else ""


def set_text(node, name, text):
    child = node.find(q(name))
    if child is None:
        child = ET.SubElement(node, q(name))
    child.text = text


def remove(node, *names):
    for name in names:
        for child in node.findall(q(name)):
            node.remove(child)


def items(answer, name):
    return answer.find(q(name)).findall(q("item"))


def to_bytes(answer):
    return ET.tostring(answer, encoding="utf-8", xml_declaration=True)


def instances_of(answer):
    """All <item>s of instances below reservations, or of RunInstances."""
    return [item for found in answer.iter(q("instancesSet")) for item in found.findall(q("item"))]


def show(item, machine, now, tagged=False):
    """An instance of moto's answer as EC2 shows it now. tagged: to whoever launches it, at once."""
    state = machine.state(now)
    node = item.find(q("instanceState"))
    set_text(node, "code", str(CODES[state]))
    set_text(node, "name", state)
    if state != "running":  # the public address is there when it runs, and gone with it
        remove(item, "ipAddress", "dnsName", "networkInterfaceSet")
    if state in ("shutting-down", "terminated"):
        remove(item, "privateIpAddress", "privateDnsName")
    if machine.end_reason and machine.ended_at is not None:
        reason = item.find(q("stateReason"))
        if reason is None:
            reason = ET.SubElement(item, q("stateReason"))
        set_text(reason, "code", machine.end_reason.partition(":")[0])
        set_text(reason, "message", machine.end_reason)
    if not (tagged or machine.is_tagged(now)):
        remove(item, "tagSet")


def split_filters(form):
    """(the form without filters by state, their values by name, whether a filter is on tags)."""
    rest, by_state, on_tags, number = {}, {}, False, 0
    for name, value in form.items():
        if not name.startswith("Filter."):
            rest[name] = value
    for old in sorted(numbers_below(form, "Filter")):
        name, values = form.get(f"Filter.{old}.Name", ""), listed(form, f"Filter.{old}.Value")
        if name in STATE_FILTERS:
            by_state[name] = values
            continue
        on_tags = on_tags or name.startswith("tag")
        number += 1
        rest[f"Filter.{number}.Name"] = name
        for at, value in enumerate(values, 1):
            rest[f"Filter.{number}.Value.{at}"] = value
    return rest, by_state, on_tags


def fits_state(item, by_state):
    name = text_of(item, "instanceState", "name")
    code = str(CODES[name])
    return (name in by_state.get("instance-state-name", [name])
            and code in by_state.get("instance-state-code", [code]))


def show_instances(answer, machines, now, by_state, on_tags):
    """DescribeInstances' answer as EC2 gives it now."""
    reservations = answer.find(q("reservationSet"))
    for reservation in reservations.findall(q("item")):
        found = reservation.find(q("instancesSet"))
        for item in found.findall(q("item")):
            machine = machines.get(text_of(item, "instanceId"))
            if machine is not None:  # not made past us
                if text_of(item, "instanceState", "name") == "terminated":
                    machine.ended_at = now if machine.ended_at is None else machine.ended_at
                show(item, machine, now)
            hidden = machine is not None and (
                not machine.is_listed(now) or (on_tags and not machine.is_tagged(now)))
            if hidden or not fits_state(item, by_state):
                found.remove(item)
        if not found.findall(q("item")):
            reservations.remove(reservation)


class Pager:
    """Cuts lists, and knows how each goes on."""

    def __init__(self):
        self.rest = {}  # token: (what was asked, the items that are left)
        self.numbers = itertools.count(1)

    @staticmethod
    def asked(form):
        return {name: value for name, value in form.items()
                if name not in ("NextToken", "MaxResults")}

    def known(self, form):
        """The items that a token leads to."""
        asked, left = self.rest.get(form["NextToken"], (None, None))
        if asked != self.asked(form):
            raise Refusal("InvalidNextToken", "that token does not belong to this request")
        return left

    def cut(self, answer, form, page_size, empty=False):
        """Leaves one page in the answer, whose list is whole or what a token leads to."""
        name, _, most = PAGED[form["Action"]]
        size = min(int(form.get("MaxResults", most)), page_size, most)
        if form["Action"] == "DescribeInstances" and "MaxResults" not in form:
            size = 1 << 30  # all of it
        found = answer.find(q(name))
        whole = self.known(form) if "NextToken" in form else found.findall(q("item"))
        page = [] if empty else whole[:size]
        for item in found.findall(q("item")):
            found.remove(item)
        found.extend(copy.deepcopy(page))
        remove(answer, "nextToken")
        left = whole[len(page):]
        if left or empty:
            token = f"lab-page-{next(self.numbers)}"
            self.rest[token] = (self.asked(form), left)
            while len(self.rest) > TOKENS_MAX:
                del self.rest[next(iter(self.rest))]
            ET.SubElement(answer, q("nextToken")).text = token


def hide_young(answer, name, key, young):
    """Groups and key pairs that are not listed yet."""
    found = answer.find(q(name))
    for item in found.findall(q("item")):
        if text_of(item, key) in young:
            found.remove(item)


def group_ids(form):
    """All that a call names."""
    return {value for name, value in form.items()
            if re.fullmatch(r"GroupId(\.\d+)?|SecurityGroupId\.\d+"
                            r"|IpPermissions\.\d+\.Groups\.\d+\.GroupId", name)}
