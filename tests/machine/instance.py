# SPDX-License-Identifier: Apache-2.0
"""An ECS instance as a whole machine: the simulated cloud, its DHCP and names, and the hypervisor."""

import os
import shutil
import subprocess
import sys

from system.hypervisor import Hypervisor

from .vm import Vm

RESOLVERS = ("100.100.2.136", "100.100.2.138")
REPOSITORY = "172.16.0.1:8080"


class Instance(Hypervisor):
    """FOLDER has disk.img, vmlinuz and initrd when it is booted."""

    def __init__(self, folder, mode="vpc"):
        os.makedirs(folder)
        self.folder = folder
        super().__init__(os.path.join(folder, "cloud"), mode)
        self.helpers = []
        self.dhcp = None
        self.vm = Vm(folder, self.cloud.net)
        self.start_cloud()
        self.cloud.net.ip(*["addr add %s/32 dev lo" % address for address in RESOLVERS])
        self._tap("tap0", "172.16.0.1")
        self.watch()

    def _tap(self, name, address):
        self.cloud.net.ip("tuntap add %s mode tap" % name, "link set %s up" % name,
                          "addr add %s/24 dev %s" % (address, name))

    def serve(self, folder):
        """A package repository inside the VPC."""
        self.helpers.append(self.cloud.net.popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "http.server", "--bind",
             "172.16.0.1", "--directory", folder, REPOSITORY.split(":")[1]],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def _names(self):
        """What the cloud's resolvers know; everything else is NXDOMAIN at once."""
        options = ["--address=/#/"]
        for line in self.cloud.hosts().splitlines():
            address, *names = line.split()
            options += ["--address=/%s/%s" % (name, address) for name in names]
        return options

    def _serve_names(self, leases):
        if self.dhcp:
            self.dhcp.kill()
            self.dhcp.wait()
        line = ["setpriv", "--pdeathsig", "KILL", "dnsmasq", "--keep-in-foreground",
                "--conf-file=/dev/null", "--user=root", "--pid-file=", "--no-resolv", "--no-hosts",
                "--no-ping", "--leasefile-ro", "--dhcp-authoritative", "--log-facility=/dev/null",
                "--dhcp-option=option:dns-server," + ",".join(RESOLVERS), *self._names()]
        for tag, mac, address in leases:
            gateway = address.rsplit(".", 1)[0] + ".1"
            line += ["--dhcp-range=set:%s,%s,%s,12h" % (tag, address, address),
                     "--dhcp-host=%s,%s" % (mac, address),
                     "--dhcp-option=tag:%s,option:router,%s" % (tag, gateway)]
        self.dhcp = self.cloud.net.popen(line, stdin=subprocess.DEVNULL)

    # power

    def boot(self):
        """On: eth0, and eth1 on a classic instance whose address has taken effect."""
        here = self.sim.get("instance")
        nics, leases = [("tap0", here["mac"])], [("a", here["mac"], here["private_ip"])]
        public = here["effective_ip"]
        if here["network"] == "classic" and public:
            if self.boots == 1:
                self._tap("tap1", public.rsplit(".", 1)[0] + ".1")
            nics.append(("tap1", here["public_mac"]))
            leases.append(("b", here["public_mac"], public))
        self._serve_names(leases)
        self.vm.start(nics)
        self.booted()

    def power_off(self, force=False):
        self.vm.power_off(force)

    def story(self):
        lines = self.cloud_story()
        lines += ["--- console", self.vm.console()]
        try:
            lines += ["--- cloud-init", self.vm.run("tail -n 40 /var/log/cloud-init-output.log", 60, False),
                      "--- journal", self.vm.run(
                          "journalctl --no-pager -u 'ecs-pubip*' | tail -n 60; ecs-pubip status; "
                          "journalctl --no-pager -k --grep DENIED; "
                          "systemctl --failed --no-pager", 60, False)]
        except Exception as error:
            lines.append("the machine cannot be asked: %s" % error)
        return "\n".join(lines)

    def close(self):
        self.stop_cloud()
        self.vm.close()
        self.join()
        for helper in self.helpers + ([self.dhcp] if self.dhcp else []):
            helper.kill()
            helper.wait()
        self.cloud.close()
        shutil.rmtree(self.folder, ignore_errors=True)
