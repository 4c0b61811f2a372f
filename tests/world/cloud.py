# SPDX-License-Identifier: Apache-2.0
"""The cloud side: a network namespace in which the simulator is everything outside."""

import os
import subprocess
import sys

from sim.client import Client

from .namespace import Namespace

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CA = "/run/ecs-pubip-test-ca"   # shared by all worlds of one run

# packets for an address that nobody has must vanish, and a reply may take another way back
SYSCTLS = """
for name in all default; do
    echo 0 >/proc/sys/net/ipv4/conf/$name/rp_filter
    echo 0 >/proc/sys/net/ipv6/conf/$name/accept_dad
done
echo 0 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
"""


class Cloud:
    def __init__(self, folder, region="cn-hangzhou", mode="vpc"):
        self.folder = folder
        self.region = region
        self.mode = mode
        self.net = Namespace("--net", setup=SYSCTLS)
        self.sim = Client(os.path.join(folder, "control"))
        self.process = None

    def start(self):
        """The simulator; `ready` waits for it."""
        self.net.ready()
        os.makedirs(self.folder, exist_ok=True)
        for name in ("control",):
            if os.path.exists(os.path.join(self.folder, name)):
                os.unlink(os.path.join(self.folder, name))
        self.error = open(os.path.join(self.folder, "sim.err"), "ab")
        self.process = self.net.popen(
            [sys.executable, "-m", "sim", "--folder", self.folder, "--ca", CA,
             "--region", self.region, "--mode", self.mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.error,
            env={**os.environ, "PYTHONPATH": TESTS, "PYTHONDONTWRITEBYTECODE": "1"})

    def ready(self):
        if self.process.stdout.readline() != b"ready\n":
            with open(os.path.join(self.folder, "sim.err"), encoding="utf-8") as f:
                raise RuntimeError("the simulator did not start: " + f.read())

    def stop(self):
        """End the simulator: the whole cloud is out.  `start` and `ready` bring a new one."""
        if self.process:
            self._end()
            self.net.ip("addr flush dev lo scope global")   # packets vanish rather than bounce

    def _end(self):
        process, self.process = self.process, None  # first: who meets a dead cloud looks here
        if process:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
            self.error.close()

    def run(self, arguments, **options):
        """A command in the cloud's network namespace."""
        return self.net.run(arguments, **options)

    def popen(self, arguments, **options):
        return self.net.popen(arguments, **options)

    @property
    def ca_file(self):
        return os.path.join(CA, "ca", "cert.pem")

    def hosts(self):
        with open(os.path.join(self.folder, "hosts"), encoding="ascii") as f:
            return f.read()

    def close(self):
        self._end()
        self.net.close()
