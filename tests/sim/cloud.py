# SPDX-License-Identifier: Apache-2.0
"""The whole cloud in one object: instances, EIPs, account, clock, and how they change."""

import os
import threading
import uuid

from .account import Account
from .clock import Clock
from .eip import Eip
from .events import Events
from .instance import Instance
from .script import Script

# name -> (takes_effect, network type, whether metadata answers)
MODES = {
    "vpc": ("restart", "vpc", True),
    "vpc-immediate": ("immediate", "vpc", True),
    "classic": ("restart", "classic", True),
    "classic-no-metadata": ("restart", "classic", False),
}


class Options:
    """A group of plain settings."""

    def __init__(self, **values):
        self.__dict__.update(values)


class Cloud:
    """All state; `lock` guards it.  Whoever changes an address calls `refresh` afterwards."""

    def __init__(self, region="cn-hangzhou", mode="vpc", log=None):
        self.lock = threading.RLock()
        self.clock = Clock()
        self.events = Events(log)
        self.script = Script()
        self.account = Account(self.clock)
        self.region = region
        self.regions = sorted({region, "cn-hangzhou", "cn-beijing", "cn-shanghai", "us-east-1"})
        self.reboot = Options(
            mode="hook",     # hook: the world restarts the machine; auto; never: it just does not
            delay=0.2,       # from the answer to the begin, so that the answer gets out
            seconds=0.5)     # how long it takes in mode auto
        self.metadata = Options(
            mode="optional",        # optional, required (hardened), disabled
            available=True,
            all=True,               # whether meta-data/all exists
            address_items=["eipv4"],  # which of eipv4, public-ipv4 show the address
            absent="404",           # how an item without address looks: 404 or empty
            address=None,           # a fixed address instead of the computed one
            clock_offset=None,      # of the Date header; None: as the cloud's clock
            user_data="", vendor_data="", tags={})
        self.network = Options(
            public="auto",          # auto: only with an address in effect; open, blackhole, refuse
            no_way="refuse",        # what auto is without one: quick; blackhole, as it really is
            endpoints={},           # name -> up, blackhole, refuse: overrides
            proxy=200,              # what the proxy answers to CONNECT
            tls={})                 # name -> a kind of certs.KINDS
        self.throttle = Options(limits={}, code="Throttling.User", hint_ms=None, counts={})
        self.eip = Options(seconds=0.3)  # Associating and Unassociating take that long
        self.pool = Options(static="203.0.113.10", eip="198.51.100.10")
        self.client_tokens = {}
        self.nonces = {}
        self.eips = {}
        self.orders = 0
        self.on_change = []     # called without arguments, e.g. to open and close endpoints
        takes_effect, network, available = MODES[mode]
        here = Instance("i-bp1gtjxuuvwj17zr0001", region, network)
        here.takes_effect = takes_effect
        self.metadata.available = available
        if network == "classic":
            self.network.public = "open"
        self.here = here.id
        self.instances = {here.id: here}

    @property
    def instance(self):
        """The instance that the machine is."""
        return self.instances[self.here]

    # addresses

    def next_static(self):
        address = self.pool.static
        self.pool.static = _successor(address)
        return address

    def new_eip(self, tags=None, address=None, region=None):
        if not address:
            address = self.pool.eip
            self.pool.eip = _successor(address)
        eip = Eip("eip-bp1sim%014x" % int.from_bytes(os.urandom(7), "big"), address,
                  region or self.region, self.clock.iso())
        eip.tags = dict(tags or {})
        self.eips[eip.id] = eip
        return eip

    def eip_of(self, instance):
        """The EIP of the primary NIC; one that is cut through belongs to another NIC."""
        return next((e for e in self.eips.values()
                     if e.instance_id == instance.id and e.mode == "NAT"
                     and e.status in ("InUse", "Unassociating")), None)

    def control_address(self, instance):
        eip = self.eip_of(instance)
        return eip.address if eip else instance.public_ip

    def refresh(self):
        """Let addresses take effect that are due to, and the network follow."""
        with self.lock:
            for instance in self.instances.values():
                wanted = self.control_address(instance)
                if wanted == instance.effective_ip:
                    continue
                # an EIP works at once, and an address that control took back is gone at once
                if not wanted or self.eip_of(instance) or instance.due():
                    instance.metadata_lag.changed(instance.effective_ip)
                    instance.effective_ip = wanted
                    self.events.record("effect", instance=instance.id, address=wanted)
            for hook in self.on_change:
                hook()

    def give_address(self, address=None, effective=True):
        """The instance has an address that nobody of us asked for."""
        with self.lock:
            instance = self.instance
            instance.set_public_ip(address or self.next_static())
            instance.control_lag.left, instance.control_lag.until = 0, 0
            if effective:
                instance.effective_ip = instance.public_ip
            self.refresh()
            return instance.public_ip

    # restarts

    def reboot_asked(self, instance, force):
        """RebootInstance was accepted: the rest happens later."""
        mode = self.reboot.mode
        self.events.record("reboot-accepted", instance=instance.id, force=force, mode=mode)
        if mode == "never":
            return
        instance.status = "Starting"
        self.later(self.reboot.delay, self._reboot_due, instance, force, mode)

    def _reboot_due(self, instance, force, mode):
        self.events.record("reboot-due", instance=instance.id, force=force)
        if mode == "auto":
            self.later(self.reboot.seconds, self.restarted, instance.id)

    def restarted(self, identity=None, counts=True):
        """The machine is up again.  COUNTS: addresses that wait for a restart take effect."""
        with self.lock:
            instance = self.instances[identity or self.here]
            instance.status = "Running"
            if counts:
                instance.restarts += 1
            self.events.record("restarted", instance=instance.id, restarts=instance.restarts)
            self.refresh()

    def stopped(self, status="Stopped", identity=None):
        with self.lock:
            self.instances[identity or self.here].status = status
            self.events.record("stopped", instance=identity or self.here)

    # identities

    def add_instance(self, identity=None, private_ip="172.16.0.99", mac="00:16:3e:0a:0b:63",
                     **fields):
        with self.lock:
            identity = identity or "i-bp1sim%013x" % int.from_bytes(os.urandom(6), "big")
            instance = Instance(identity, self.region, self.instance.network)
            instance.private_ip, instance.mac = private_ip, mac
            for name, value in fields.items():
                setattr(instance, name, value)
            self.instances[identity] = instance
            return identity

    def become(self, identity):
        """The machine is another instance now: what a cloned image sees."""
        with self.lock:
            if identity not in self.instances:
                old = self.instance
                self.add_instance(identity, old.private_ip, old.mac, network=old.network,
                                  takes_effect=old.takes_effect)
            self.here = identity
            self.refresh()
            return identity

    # small change

    def later(self, seconds, function, *args):
        def run():
            with self.lock:
                function(*args)
        timer = threading.Timer(seconds, run)
        timer.daemon = True
        timer.start()

    @staticmethod
    def request_id():
        return str(uuid.uuid4()).upper()


def _successor(address):
    head, last = address.rsplit(".", 1)
    return "%s.%d" % (head, int(last) + 1 if int(last) < 254 else 1)
