# SPDX-License-Identifier: Apache-2.0
"""An ECS instance as a whole machine: the simulated cloud, its DHCP and names, and the hypervisor."""

import os
import shutil
import subprocess
import sys
import threading

from world.cloud import Cloud

from .vm import Vm

RESOLVERS = ("100.100.2.136", "100.100.2.138")
REPOSITORY = "172.16.0.1:8080"


class Instance:
    """CLOUD is running; IMAGE is a folder with disk.img, vmlinuz and initrd."""

    def __init__(self, folder, mode="vpc"):
        os.makedirs(folder)
        self.folder = folder
        self.boots = 0
        self.changed = threading.Condition()
        self.failure = None
        self.closing = False
        self.helpers = []
        self.dhcp = None
        self.cloud = Cloud(os.path.join(folder, "cloud"), mode=mode)
        self.sim = self.cloud.sim
        self.vm = Vm(folder, self.cloud.net)
        self.thread = threading.Thread(target=self._reboots, daemon=True)
        self.cloud.start()
        self.cloud.ready()
        self.cloud.net.ip(*["addr add %s/32 dev lo" % address for address in RESOLVERS])
        self._tap("tap0", "172.16.0.1")
        self.thread.start()

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
        with self.changed:
            self.boots += 1
            self.changed.notify_all()

    def _reboots(self):
        since = 0
        while not self.closing:
            try:
                event = self.sim.wait(timeout=3600, since=since, event="reboot-due")
                if self.closing or event is None:
                    continue
                since = event["seq"]
                self.sim.stopped(status="Stopping")
                self.vm.power_off(event["force"])
                self.sim.restarted()
                self.boot()
            except Exception as error:
                with self.changed:
                    if not self.closing:
                        self.failure = error
                    self.changed.notify_all()
                return

    def wait_boot(self, number, timeout):
        with self.changed:
            self.changed.wait_for(lambda: self.boots >= number or self.failure, timeout)
        if self.failure:
            raise self.failure
        assert self.boots >= number, "boot %d did not come\n%s" % (number, self.story())

    def story(self):
        lines = ["--- the cloud"]
        try:
            lines += ["%s %s" % (e["event"], {k: v for k, v in e.items() if k != "event" and v})
                      for e in self.sim.events() if e["event"] != "arrival"]
        except Exception as error:
            lines.append("cannot be asked: %s" % error)
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
        self.closing = True
        self.cloud.stop()
        self.vm.close()
        if self.thread.is_alive():
            self.thread.join(60)
        for helper in self.helpers + ([self.dhcp] if self.dhcp else []):
            helper.kill()
            helper.wait()
        self.cloud.close()
        shutil.rmtree(self.folder, ignore_errors=True)
