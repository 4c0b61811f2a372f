# SPDX-License-Identifier: Apache-2.0
"""An ECS instance: the simulated cloud, and a container that RebootInstance really restarts."""

import os
import threading

from world.cloud import Cloud
from .container import Container
from .layer import Layer

DEFAULTS = """
[Reboot]
Grace=1s
"""


class Instance:
    """`with Instance(folder, lower) as i: i.boot()`."""

    def __init__(self, folder, lower, mode="vpc", config=DEFAULTS, user_data=None):
        os.makedirs(folder)
        self.boots = 0
        self.changed = threading.Condition()
        self.failure = None
        self.closing = False
        self.cloud = Cloud(os.path.join(folder, "cloud"), mode=mode)
        self.sim = self.cloud.sim
        self.layer = Layer(os.path.join(folder, "layer"), lower)
        self.machine = Container(self.layer)
        self.thread = threading.Thread(target=self._reboots, daemon=True)
        try:
            self.cloud.start()
            self.cloud.ready()
            if user_data:
                self.sim.set("metadata.user_data", user_data)
            self._furnish(config)
            self.thread.start()
        except BaseException:
            self.close()
            raise

    def _furnish(self, config):
        """What tells one machine from the other, and what makes the cloud's names and TLS real."""
        layer = self.layer
        layer.write("etc/machine-id", os.urandom(16).hex() + "\n")
        layer.write("etc/hostname", "sim\n")
        layer.write("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 sim\n"
                    + self.cloud.hosts())
        layer.write("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        with open(self.cloud.ca_file, encoding="ascii") as f:
            layer.write("etc/ssl/certs/ca-certificates.crt", f.read())
        os.makedirs(layer.inside("var/log/journal"), exist_ok=True)
        layer.write("etc/ecs-pubip/ecs-pubip.conf.d/50-test.conf", config)

    # power

    def boot(self, wait=True, plugged=True):
        if plugged:
            self.plug()
        self.machine.start(wait)
        with self.changed:
            self.boots += 1
            self.changed.notify_all()
        return self.machine

    def reboot(self, force=False):
        """Somebody reboots it from inside, or its power is cut: the cloud takes no note."""
        self.machine.reboot(force)
        self._unplug()
        return self.boot()

    def wait_boot(self, number, timeout=60.0):
        """Until the NUMBERth boot is finished."""
        with self.changed:
            done = self.changed.wait_for(lambda: self.boots >= number or self.failure, timeout)
        if self.failure:
            raise self.failure
        assert done, "boot %d did not come\n%s" % (number, self.story())

    def _reboots(self):
        """The hypervisor: RebootInstance restarts the container."""
        since = 0
        while not self.closing:
            try:
                event = self.sim.wait(timeout=3600, since=since, event="reboot-due")
                if self.closing or event is None:
                    continue
                since = event["seq"]
                self.sim.stopped(status="Stopping")
                self.machine.reboot(event["force"])
                self._unplug()
                self.sim.restarted()
                self.boot()
            except Exception as error:
                with self.changed:
                    if not self.closing:
                        self.failure = error
                    self.changed.notify_all()
                return

    def plug(self):
        """eth0, and eth1 with the public address on a classic instance where it has taken effect."""
        here = self.sim.get("instance")
        public = here["effective_ip"] if here["network"] == "classic" else ""
        self.plugged = ["eth0"] + (["eth1"] if public else [])
        self._cable("eth0", "gw0", here["mac"], here["private_ip"], 1024)
        if public:
            self._cable("eth1", "gw1", here["public_mac"], public, 50)

    def _cable(self, name, far, mac, address, metric):
        gateway = address.rsplit(".", 1)[0] + ".1"
        self.machine.net.ip(
            "link add %s address %s type veth peer name %s netns %d"
            % (name, mac, far, self.cloud.net.pid), "link set %s up" % name)
        self.cloud.net.ip("link set %s up" % far, "addr add %s/24 dev %s" % (gateway, far))
        self.machine.net.ip(
            "addr add %s/24 brd + dev %s" % (address, name),
            "route add default via %s dev %s metric %d" % (gateway, name, metric))

    def _unplug(self):
        self.machine.net.ip(*["link del " + name for name in self.plugged])

    # what was seen

    def story(self):
        """Everything, as text: for failures."""
        parts = ["--- the cloud"]
        try:
            parts += ["%s %s" % (e["event"], {k: v for k, v in e.items() if k != "event" and v})
                      for e in self.sim.events()]
        except Exception as error:
            parts.append("cannot be asked: %s" % error)
        if self.machine.leader:
            parts += ["--- journal", self.machine.run(
                "journalctl", "--no-pager", "--unit=ecs-pubip*", "--unit=init.scope",
                "--lines=300", check=False).stdout]
            parts += ["--- status", self.machine.cli("status").stdout]
        else:
            parts += ["--- console", self.machine.output[-4000:]]
        return "\n".join(parts)

    def close(self):
        self.closing = True
        self.cloud.stop()   # first: no reboot begins any more
        if self.thread.is_alive():
            self.thread.join(60)
        self.machine.close()
        self.cloud.close()
        self.layer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
