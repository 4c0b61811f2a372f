# SPDX-License-Identifier: Apache-2.0
"""What a test asks of the simulator must mean something: a slip of the pen is told, not ignored.

A rule that no call can meet, an action without that parameter, a setting without that value.
"""

import fnmatch
import re

from .endpoints import STATES
from .fault import DOCUMENTED

# path of a setting (a glob) -> what it may be
CHOICES = {
    "instance.network": ("vpc", "classic"),
    "instance.status": ("Pending", "Starting", "Running", "Stopping", "Stopped", "Rebooting"),
    "instance.charge_type": ("PostPaid", "PrePaid"),
    "instance.internet_charge_type": ("PayByTraffic", "PayByBandwidth"),
    "instance.stopped_mode": ("Not-applicable", "KeepCharging", "StopCharging"),
    "instance.already": ("existing", "AllocatedAlready", "AllocatedAlready2", "OperationDenied"),
    "metadata.mode": ("optional", "required", "disabled"),
    "metadata.absent": ("404", "empty"),
    "network.public": STATES + ("auto", "open"),
    "network.no_way": ("blackhole", "refuse"),
    "reboot.mode": ("hook", "auto", "never"),
    "eips.*.status": ("Associating", "InUse", "Unassociating", "Available"),
    "eips.*.mode": ("NAT", "MULTI_BINDED", "BINDED"),
    "throttle.code": tuple(DOCUMENTED),
    "account.denial": tuple(DOCUMENTED),
}
TAKES_EFFECT = re.compile(r"restart|immediate|never|\d+")
ADDRESS_ITEMS = {"eipv4", "public-ipv4"}
ANSWER = {"status", "code", "message", "body", "headers", "format", "content_type"}
OTHER_ACTIONS = ("NoSuchAction",)  # a test of the gateway asks for one that there is not


def setting(path, before, value, actions):
    """Raises ValueError unless VALUE can stand where BEFORE stood."""
    def refuse(choices):
        raise ValueError("%s cannot be %r: %s" % (path, value, choices))

    for pattern, choices in CHOICES.items():
        if fnmatch.fnmatchcase(path, pattern) and value not in choices:
            refuse("one of " + ", ".join(choices))
    if path == "instance.takes_effect" and not TAKES_EFFECT.fullmatch(str(value)):
        refuse("restart, immediate, never or a number of restarts")
    if path == "metadata.address_items" and not set(value) <= ADDRESS_ITEMS:
        refuse("of " + ", ".join(sorted(ADDRESS_ITEMS)))
    if path == "account.denied":
        for permission in value:
            known = ["%s:%s" % (product, name) for product in actions for name in actions[product]]
            if not any(fnmatch.fnmatchcase(name, permission) for name in known):
                refuse("no action is called so")
    if path.startswith("throttle.limits.") and not _named(path.split(".")[-1], actions):
        refuse("no action is called so")
    kinds = (int, float) if isinstance(before, (int, float)) and not isinstance(before, bool) \
        else (type(before),)
    if before is not None and value is not None and not isinstance(value, kinds) \
            and path != "instance.takes_effect":
        refuse("a %s" % type(before).__name__)


def _named(pattern, actions):
    """The actions that a glob means."""
    return [action for table in actions.values() for name, action in table.items()
            if fnmatch.fnmatchcase(name, pattern)]


def rule(spec, actions, items, endpoints):
    """Raises ValueError unless a call can meet the rule.  ITEMS: paths of metadata."""
    match = spec.get("match", "")
    meant = _named(match, actions)
    is_item = any(fnmatch.fnmatchcase(item, match) for item in items)
    if not meant and not is_item and match not in OTHER_ACTIONS:
        raise ValueError("no action and no item of metadata is called %s" % match)
    if spec.get("endpoint") not in (None, *endpoints):
        raise ValueError("no endpoint is called %s" % spec["endpoint"])
    for name in spec.get("params") or {}:
        if name != "RegionId" and not any(action.knows(name) for action in meant):
            raise ValueError("%s has no parameter %s" % (match, name))
    answer = spec.get("answer") or {}
    if set(answer) - ANSWER:
        raise ValueError("unknown fields of an answer: %s" % ", ".join(sorted(set(answer) - ANSWER)))
    if answer.get("code") and answer["code"] not in DOCUMENTED and "status" not in answer:
        raise ValueError("%s is not documented here: give it a status" % answer["code"])
    if spec.get("times", 1) is not None and spec.get("times", 1) < 1:
        raise ValueError("a rule that meets no call")
