# SPDX-License-Identifier: Apache-2.0
"""One instance, as the control plane and the network know it."""

import time


class Lag:
    """An old value shown for some looks and some seconds more: eventual consistency."""

    def __init__(self):
        self.looks = 0
        self.seconds = 0.0
        self.old = None
        self.left = 0
        self.until = 0.0

    def changed(self, old):
        self.old, self.left, self.until = old, self.looks, time.monotonic() + self.seconds

    def look(self, new):
        """What a look sees now that the truth is NEW; each look counts."""
        if self.left > 0:
            self.left -= 1
            return self.old
        return self.old if time.monotonic() < self.until else new

    def over(self):
        return self.left <= 0 and time.monotonic() >= self.until


class Instance:
    """Addresses come in two steps: control gives one, and the network lets it take effect."""

    def __init__(self, identity, region, network="vpc"):
        self.id = identity
        self.region = region
        self.zone = region + "-b"
        self.network = network           # vpc, classic
        self.takes_effect = "restart"    # restart, immediate, never, or the number of restarts
        self.status = "Running"
        self.private_ip = "172.16.0.10"
        self.mac = "00:16:3e:0a:0b:0c"
        self.public_mac = "00:16:3e:0a:0b:0d"
        self.locks = []
        self.bandwidth_out = 5
        self.bandwidth_in = 100
        self.charge_type = "PostPaid"
        self.internet_charge_type = "PayByTraffic"
        self.expired = False             # prepaid and over, or post-paid and in arrears
        self.expired_time = ""           # text of ExpiredTime; empty: far away, or over
        self.stopped_mode = "Not-applicable"
        # to a second allocation: existing, AllocatedAlready, AllocatedAlready2, OperationDenied
        self.already = "existing"
        self.public_ip = ""              # static address by control
        self.effective_ip = ""           # the address that works now, static or EIP
        self.restarts = 0
        self.restarts_at_change = 0
        self.not_found_looks = 0         # the control plane does not know it yet
        self.control_lag = Lag()
        self.metadata_lag = Lag()

    def arn(self, account):
        return "acs:ecs:%s:%s:instance/%s" % (self.region, account, self.id)

    def set_public_ip(self, address):
        if address == self.public_ip:
            return
        self.control_lag.changed(self.public_ip)
        self.public_ip = address
        self.restarts_at_change = self.restarts

    def due(self):
        """Whether the address that control has may take effect now."""
        if self.takes_effect == "immediate":
            return True
        if self.takes_effect == "never":
            return False
        needed = 1 if self.takes_effect == "restart" else int(self.takes_effect)
        return self.restarts - self.restarts_at_change >= needed
