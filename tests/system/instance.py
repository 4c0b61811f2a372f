# SPDX-License-Identifier: Apache-2.0
"""An ECS instance: the simulated cloud, and a container that RebootInstance really restarts."""

import os

from .container import Container
from .hypervisor import Hypervisor
from .layer import Layer

DEFAULTS = """
[Reboot]
Grace=1s
"""


class Instance(Hypervisor):
    """`with Instance(folder, lower) as i: i.boot()`."""

    def __init__(self, folder, lower, mode="vpc", config=DEFAULTS, user_data=None):
        os.makedirs(folder)
        super().__init__(os.path.join(folder, "cloud"), mode)
        self.layer = Layer(os.path.join(folder, "layer"), lower)
        self.machine = Container(self.layer)
        try:
            self.start_cloud()
            if user_data:
                self.sim.set("metadata.user_data", user_data)
            self._furnish(config)
            self.watch()
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
        self.booted()
        return self.machine

    def power_off(self, force=False):
        self.machine.reboot(force)
        self._unplug()

    def reboot(self, force=False):
        """Somebody reboots it from inside, or its power is cut: the cloud takes no note."""
        self.power_off(force)
        return self.boot()

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
        parts = self.cloud_story()
        if self.machine.leader:
            parts += ["--- journal", self.machine.run(
                "journalctl", "--no-pager", "--unit=ecs-pubip*", "--unit=init.scope",
                "--lines=300", check=False).stdout]
            parts += ["--- status", self.machine.cli("status").stdout]
        else:
            parts += ["--- console", self.machine.output[-4000:]]
        return "\n".join(parts)

    def close(self):
        self.stop_cloud()
        self.join()
        self.machine.close()
        self.cloud.close()
        self.layer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
