"""What goes wrong in a cloud, chosen by a test or by dice out of a seed. Thread-safe."""
import collections
import dataclasses
import random
import threading

from ec2_rules import PAGED, Refusal

# Refused before anything is done, as EC2 words it.
REFUSALS = {
    "throttled": Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    "internal": Refusal("InternalError", "An internal error has occurred", 500),
    "no_capacity": Refusal(
        "InsufficientInstanceCapacity", "We currently do not have sufficient capacity in the "
        "Availability Zone you requested. Our system will be working on provisioning additional "
        "capacity.", 500),
    "instance_limit": Refusal(
        "InstanceLimitExceeded", "You have requested more instances than your current instance "
        "limit allows for the specified instance type."),
    "vcpu_limit": Refusal(
        "VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit "
        "of 32 allows for the instance bucket that the specified instance type belongs to."),
    "spot_limit": Refusal("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded"),
}
MACHINE_FAULTS = ("never_boots", "no_sshd", "dies")
LAUNCH_FAULTS = ("no_capacity", "instance_limit", "vcpu_limit", "spot_limit", "interrupted",
                 "ends_at_start", *MACHINE_FAULTS)
# internal_done, dropped_after: it was done, and whoever asked does not hear so.
CALL_FAULTS = ("throttled", "internal", "internal_done", "dropped_before", "dropped_after", "slow",
               "empty_page")
KINDS = CALL_FAULTS + LAUNCH_FAULTS
SECONDS = {"slow": 2.0, "interrupted": 3.0, "dies": 2.0}  # where a test says nothing else


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str
    seconds: float = 0.0  # slow: how long; interrupted, dies: after which time


def fits(kind, action, form):
    """Whether a call can have it."""
    if kind == "empty_page":
        return action in PAGED and "NextToken" not in form
    if kind in LAUNCH_FAULTS:
        spot = form.get("InstanceMarketOptions.MarketType") == "spot"
        return action == "RunInstances" and "DryRun" not in form and (spot or kind != "spot_limit")
    if kind == "internal_done":
        return not action.startswith("Describe") and "DryRun" not in form
    return kind in CALL_FAULTS


class Dice:
    """The n-th call of an action has its fault by the seed, whatever comes between."""

    def __init__(self, seed, rate, kinds=KINDS):
        self.seed, self.rate, self.kinds = seed, rate, kinds
        self.calls = collections.Counter()

    def fault(self, action, form):
        self.calls[action] += 1
        dice = random.Random(f"{self.seed} {action} {self.calls[action]}")
        if dice.random() >= self.rate:
            return None
        kinds = [kind for kind in self.kinds if fits(kind, action, form)]
        if not kinds:
            return None
        kind = dice.choice(kinds)
        return Fault(kind, SECONDS.get(kind, 0.0) * dice.uniform(0.2, 1.5))


class Plan:
    """What a test orders comes first, then the dice."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders = []  # [kind, action or None, times left, seconds]
        self.dice = None

    def order(self, kind, action=None, times=1, seconds=None):
        """For the next calls that can have it and are no dry runs; action: only for those."""
        if kind not in KINDS:
            raise ValueError(kind)
        with self.lock:
            self.orders.append([kind, action, times,
                                SECONDS.get(kind, 0.0) if seconds is None else seconds])

    def throw(self, dice):
        with self.lock:
            self.dice = dice

    def clear(self):
        with self.lock:
            self.orders, self.dice = [], None

    def fault(self, action, form):
        with self.lock:
            for order in self.orders:
                kind, only, left, seconds = order
                if left > 0 and only in (None, action) and "DryRun" not in form \
                        and fits(kind, action, form):
                    order[2] -= 1
                    return Fault(kind, seconds)
            return self.dice.fault(action, form) if self.dice else None
