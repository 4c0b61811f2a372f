# SPDX-License-Identifier: Apache-2.0
"""The rows of the fault table that a cloud can cause, and the lives that drive them over the wire.

The table comes from the program itself (src/man/gen-tables).  A row is answered where its call is
made; what must follow comes from its class alone.
"""

import fnmatch
import json
import os
import re
import subprocess
import traceback

from world import World
from world.machine import build_folder

FORMS = ("JSON", "XML")
TIMEOUT = 20
FACTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "facts",
                     "error_codes.tsv")

ALLOCATE = "AllocatePublicIpAddress"
PATIENT = "[Heal]\nLimit=10\n[Reboot]\nLimit=10\n"
# How a world gets to each call, and the rows that belong to it by code or id.  The first that fits.
CALLS = (
    ("RebootInstance", "vpc", PATIENT + "Policy=always\n", {},
     ("DiskError", "InvalidParameter.KMSKeyId.*", "LimitedOperation.ServiceUnavailable")),
    ("ModifyInstanceNetworkSpec", "vpc-immediate", PATIENT + "[Address]\nBandwidthOut=5\n",
     {"instance.bandwidth_out": 0},
     ("InvalidInternetMaxBandwidth*", "InvalidBandwidth.ValueNotSupported", "InvalidBandwidthOut.*",
      "InvalidParameter.Bandwidth*", "QuotaExceeded.InternetBandwidth",
      "DecreasedBandwidthNotAllowed", "BandwidthUpgradeDenied.*", "InvalidInstance.*",
      "InvalidParameter.Conflict", "ChargeTypeViolation", "InvalidInternetChargeType.*",
      "InvalidInstanceChargeType.*", "InvalidNetworkType.*", "UnsupportedIsp*",
      "InvalidOperation.StarterPackage", "InvalidAction.WithActiveElasticUpgrade",
      "InstanceDowngrade.*", "InvalidStartTime*", "InvalidEndTime*", "InvalidParam.*",
      "InvalidPayMethod.*", "OperationDenied.UnpaidOrder", "OperationDenied.ImageNotValid",
      "Account.Arrearage", "InvalidAccountStatus.*", "SecurityRisk.*", "ChargeType*",
      "InvalidParameter.CloudboxNotSupported", "InvalidParameter.DedicatedRegionNotSupported",
      "InvalidOperation.PublicIpAddressNoStock", "IpAllocationError", "Image.OrderFailed",
      "Mayi.InternalError", "InvalidInstanceStatus*", "InvalidOperation.InstanceStatusUnsupported",
      "LastOrderProcessing", "LastRequestProcessing", "NoPermission.*",
      "InvalidClientToken.*")),
    ("AllocateEipAddress", "vpc-immediate",
     PATIENT + "[Address]\nStrategy=eip\nEipAllocate=yes\n", {"instance.bandwidth_out": 0},
     ("QuotaExceed*", "InvalidBandwidth.Malformed", "ReserveIpFail", "InsufficientBalance*",
      "InvalidRegion.NotSupport", "PAY.*", "COMMODITY*", "IllegalParam.Isp", "OrderFailed*",
      "OperationFailed.SaleValidate", "OperationFailed.InsufficientEIP", "FrequentPurchase.*",
      "OperationFailed.QuotaNotEnough", "OperationFailed.SaleExpression", "Ip.Allocated",
      "Idempotent*", "TokenVerfiy.*", "ActionUnauthorized", "IncorrectStatus.Ip")),
    ("AssociateEipAddress", "vpc-immediate",
     PATIENT + "[Address]\nStrategy=eip\nEipTag=pool=test\n", {"instance.bandwidth_out": 0},
     ("EIP_*", "BIND_*", "Eni.*", "Invalid.DirectEip.*", "InvalidAssociation.*", "IncorrectEip*",
      "InvalidBindingStatus", "InvalidStatus*", "OperationFailed*", "SystemBusy",
      "Forbidden.FinancialLocked", "Forbidden.InstanceBandwidthNotZero", "InvalidEIPStatus.*",
      "InvalidAllocationId.*", "InvalidInstanId.*", "InvalidParameter.Mismatch",
      "Forbidden.RegionNotFound", "OperationDenied.Ipv4GatewayExist", "IncorrectStatus*",
      "ResourceAlreadyAssociated.*", "OperationDenied.CloudBoxResourceExist", "Mode.Conflict",
      "OperationDenied.NoAvailablePrivateIp", "InvalidIpStatus.*", "InvalidEip.*",
      "Forbidden.ReleaseSegmentEip", "INSTANCE_HAS*", "TaskConflict", "InvalidAction.Denied",
      "Forbidden+400")),
    (ALLOCATE, "vpc-immediate", PATIENT, {}, ("*",)),
)


def documented_statuses():
    """Call and code, and code alone, to the first HTTP status that a public page tells for it."""
    found = {}
    with open(FACTS, encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith(("#", "action\t")):
                call, status, code = line.split("\t")[:3]
                if status != "-":
                    found.setdefault((call, code), int(status))
                    found.setdefault(code, int(status))
    return found


STATUSES = documented_statuses()


def remedy_here(remedy, status):
    """With the names that the agent knows by now in the place of the words in capitals."""
    for word, name in (("INSTANCE", status["instance_id"]), ("REGION", status["region_id"])):
        remedy = re.sub(r"\b%s\b" % word, name or word, remedy)
    return remedy


def table():
    program = os.path.join(build_folder(), "src", "man", "gen-tables")
    return json.loads(subprocess.run([program, "faults-json"], check=True,
                                     stdout=subprocess.PIPE).stdout)


class Row:
    """One row, with an answer that fits it and no row before it."""

    def __init__(self, number, row):
        self.__dict__.update(row)
        self.kind = row["class"]
        self.number = number
        self.code = row["codes"][0] if row["codes"] else None
        self.heals = True       # whether its life goes on to a good answer
        pattern = self.code or "Never.Heard.Of"
        self.answered = pattern.replace("*", ".Unheard" if "_" not in pattern else "UNHEARD")
        self.call, self.mode, self.config, self.state = self._where()

    def _where(self):
        for call, mode, config, state, codes in CALLS:
            if self.of_reboot or any(fnmatch.fnmatchcase(name, pattern)
                                     for pattern in codes for name in (self.answered, self.id)):
                break
        if self.with_ip_address or self.with_vlan_id:
            config += "[Address]\n"
        if self.with_ip_address:
            config += "IpAddress=203.0.113.77\n"
        if self.with_vlan_id:
            config += "VlanId=1\n"
        return call, mode, config, state

    @property
    def id(self):
        extra = [self.message and self.message.replace(" ", "-"), self.status and str(self.status),
                 self.with_ip_address and "IpAddress", self.with_vlan_id and "VlanId"]
        return "+".join([self.code or "any"] + [e for e in extra if e])

    def answer(self, form):
        """With the status documented for its call, for all calls, for any; else 403 or 400.

        A hundred of them by its 18th.
        """
        documented = (STATUSES.get(k) for k in ((self.call, self.answered),
                                                ("common", self.answered), self.answered))
        status = self.status or next(filter(None, documented), 403 if self.number % 2 else 400)
        if status < 10:
            status = status * 100 + 18
        text = "It says: %s." % (self.message or "no")
        return {"code": self.answered, "status": status, "message": text, "format": form}

    @property
    def resent(self):
        """The gateway's own refusals that the cloud process sends once more."""
        return self.new_keys or self.kind == "clock"

    @property
    def phase(self):
        return {"operator": "failed", "already": "confirmed"}.get(self.kind, "waiting")


def rows():
    """Own codes are met by other tests; the last row is for what is no error of this API."""
    everything = table()
    found = [Row(number, row) for number, row in enumerate(everything)
             if not row["own"] and (row["codes"] or row["status"])]
    seen = set()
    for row in found:       # what follows a good answer depends on its call and class alone
        row.heals = (row.call, row.kind) not in seen and row.kind != "clock"  # test_clock: at once
        seen.add((row.call, row.kind))
    return found


class Life:
    """One world in which the row's answer is given, by form after form, and what came of it."""

    def __init__(self, row, world):
        self.row, self.world = row, world
        self.sim, self.machine = world.sim, world.machine
        self.kind = row.kind
        # refused at once, where a dropped connection would cost each life its three seconds
        self.sim.update({"network.public": "refuse", **row.state})
        if row.call == "AssociateEipAddress":
            self.sim.new_eip(tags={"pool": "test"})

    def answer(self, form):
        """From now on; the mark from which this form's requests are counted."""
        self.sim.call("rule", alone=True, spec={
            "match": self.row.call, "times": None, "answer": self.row.answer(form),
            "execute": self.kind == "already"})
        return self.sim.mark()

    def asked(self, since=0):
        return [e for e in self.sim.api(since) if e["action"] == self.row.call]

    def met(self, form, mark):
        """The status that shows this very answer: by its request id, from the cloud's log."""
        def shows(status):
            fault = status["fault"]
            return (fault and status["phase"] in ("waiting", "failed")
                    and fault["request_id"] in [e["request_id"] for e in self.asked(mark)])
        status = self.machine.wait_status(shows, TIMEOUT)
        assert status, "%s: never shown: %s" % (form, self.machine.status())
        fault = status["fault"]
        answer = self.row.answer(form)
        assert status["phase"] == self.row.phase
        assert fault["class"] == self.kind
        assert fault["code"] == answer["code"]
        assert fault["http_status"] == answer["status"]
        assert fault["message"] == answer["message"]
        assert fault["sentence"] == self.row.sentence
        assert fault["remedy"] == remedy_here(self.row.remedy, status)
        return status

    def inspected_before_each(self):
        """Law L1, from the log; what is sent again after a refusal of the gateway is one call."""
        fresh, again = False, 0
        for entry in self.sim.api():
            if entry["action"] == "DescribeInstances":
                fresh, again = True, 0
            elif entry["action"] == self.row.call:
                again += 1
                assert fresh and again <= (2 if self.row.resent else 1), self.sim.actions()

    def resume(self):
        done = self.machine.cli("resume")
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)

    def heals(self):
        """The answer is good now: inspected, called once, confirmed."""
        self.sim.clear()
        mark = self.sim.mark()
        self.resume()
        assert self.machine.wait_phase("confirmed", timeout=TIMEOUT), self.machine.status()
        after = [a for a in self.sim.actions(mark) if a in ("DescribeInstances", self.row.call)]
        # Between two inspections the machine is asked anew what a reboot has to wait for.
        looks = 2 if self.row.call == "RebootInstance" else 1
        assert after[:looks + 1] == ["DescribeInstances"] * looks + [self.row.call], after
        assert after.count(self.row.call) == 1
        assert len(self.sim.executed(self.row.call)) == 1


def live_and_heal(life):
    """Waiting or failed, by both forms; `resume` ends the wait; with a good answer all is well.

    The last for one row of each call and class.
    """
    mark = life.answer(FORMS[0])
    life.world.start()
    life.met(FORMS[0], mark)
    if life.kind == "operator":
        assert len(life.asked()) == 1, "asked again without a person"
    if not life.row.resent:     # twice each time: the ceiling of L14 would come before the end
        mark = life.answer(FORMS[1])
        life.resume()
        life.met(FORMS[1], mark)
    assert life.sim.executed(life.row.call) == []
    if life.row.heals:
        life.heals()


def live_and_adopt(life, form):
    """The wish is fulfilled already: one inspection, and what it shows is taken."""
    life.answer(form)
    life.world.start()
    assert life.machine.wait_phase("confirmed", timeout=TIMEOUT), life.machine.status()
    assert len(life.asked()) == 1
    after = life.sim.actions(life.asked()[0]["seq"])
    assert after[0] == "DescribeInstances", after
    status = life.machine.status()
    assert status["public_ip"] and status["fault"] is None


def live_and_take_as_sent(life, form):
    """A reboot refused so may run: no word of a person has it sent again, its boot is awaited."""
    mark = life.answer(form)
    life.world.start()
    life.met(form, mark)
    mark = life.sim.mark()
    life.resume()
    assert life.machine.wait_phase("rebooting", timeout=TIMEOUT), life.machine.status()
    assert "DescribeInstances" in life.sim.actions(mark)
    assert len(life.asked()) == 1
    life.machine.reboot()
    assert life.machine.wait_phase("confirmed", timeout=TIMEOUT), life.machine.status()
    assert len(life.asked()) == 1


def live_and_wait(life, form):
    """The server asked for patience: neither `resume` nor a reload makes a call before its time."""
    mark = life.answer(form)
    life.world.start()
    status = life.met(form, mark)
    mark = life.sim.mark()
    life.resume()
    heard = len(life.machine.notifications.entries)
    life.machine.reload()
    assert life.machine.wait_notified(lambda n: "READY" in n, since=heard, timeout=TIMEOUT)
    assert life.sim.actions(mark) == []
    assert life.machine.status()["next"]["at"] == status["next"]["at"] > status["fault"]["since"]


def drive(row):
    """None, or what went wrong with this row, as text with its story."""
    plan = {"already": live_and_adopt, "throttled": live_and_wait}.get(row.kind)
    if row.of_reboot and row.executed == "maybe":
        plan = live_and_take_as_sent
    for form in FORMS if plan else (None,):
        with World(mode=row.mode, config=row.config) as world:
            try:
                life = Life(row, world)
                if plan:
                    plan(life, form)
                else:
                    live_and_heal(life)
                life.inspected_before_each()
                assert world.troubles() == []
            except Exception:
                return "%s %s: %s\n%s" % (row.id, form or "", traceback.format_exc(),
                                          world.story())
    return None
