# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with the DMI of an ECS instance: power, events, and a shell inside."""

import base64
import json
import os
import socket
import subprocess
import time

APPEND = ("root=/dev/vda rw rootfstype=ext4 console=ttyS0 quiet loglevel=3 net.ifnames=0 "
          "mitigations=off nokaslr tsc=reliable no_timer_check random.trust_cpu=on "
          "systemd.show_status=0 panic=5")
UP_SECONDS = 400        # to the first sign of life; 7 on an idle machine
DOWN_SECONDS = 300


class Vm:
    """FOLDER has vmlinuz, initrd and disk.img; SPACE is the network namespace with the taps."""

    def __init__(self, folder, space):
        self.folder = folder
        self.space = space
        self.process = None
        self.shell = None
        self.number = 0

    def _own(self, name):
        return os.path.join(self.folder, name)

    def start(self, nics):
        """Power on with NICS, (tap, MAC) in PCI order."""
        for name in ("shell", "qmp"):
            if os.path.exists(self._own(name)):
                os.unlink(self._own(name))
        line = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
                "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem", "-M", "pc",
                "-smp", "2", "-m", "1024", "-nodefaults", "-no-user-config", "-display", "none",
                "-smbios", "type=1,manufacturer=Alibaba Cloud,product=Alibaba Cloud ECS",
                "-kernel", self._own("vmlinuz"), "-initrd", self._own("initrd"), "-append", APPEND,
                # the host's page cache outlives a killed qemu: what the guest did sync is kept
                "-drive", "if=none,id=d0,file=%s,format=raw,cache=unsafe" % self._own("disk.img"),
                "-device", "virtio-blk-pci,drive=d0",
                "-object", "rng-random,id=r0,filename=/dev/urandom",
                "-device", "virtio-rng-pci,rng=r0",
                "-chardev", "file,id=con,path=%s,append=on" % self._own("console.log"),
                "-serial", "chardev:con",
                "-chardev", "socket,id=sh,path=%s,server=on,wait=off" % self._own("shell"),
                "-serial", "chardev:sh", "-qmp", "unix:%s,server=on,wait=off" % self._own("qmp")]
        for number, (tap, mac) in enumerate(nics):
            line += ["-netdev", "tap,id=n%d,ifname=%s,script=no,downscript=no" % (number, tap),
                     "-device", "virtio-net-pci,netdev=n%d,mac=%s,romfile=" % (number, mac)]
        self.process = self.space.popen(line, stdin=subprocess.DEVNULL)
        self.shell = self._connect("shell")
        self._await_line(b"hello", UP_SECONDS)

    def _connect(self, name):
        deadline = time.monotonic() + 30
        while True:
            try:
                sock = socket.socket(socket.AF_UNIX)
                sock.connect(self._own(name))
                return sock.makefile("rwb", buffering=0), sock
            except OSError:
                sock.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def _await_line(self, start, timeout):
        stream, sock = self.shell
        deadline = time.monotonic() + timeout
        line = b""
        while True:
            sock.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                byte = sock.recv(65536)
            except TimeoutError:
                byte = b""
            if not byte:
                raise RuntimeError("the machine does not answer:\n" + self.console())
            line += byte
            while b"\n" in line:
                whole, line = line.split(b"\n", 1)
                if whole.lstrip(b"\0").startswith(start):
                    return whole.lstrip(b"\0")

    def run(self, script, timeout=120, check=True):
        """A command line inside; its output."""
        self.number += 1
        _, sock = self.shell
        text = base64.b64encode(script.encode()).decode()
        sock.sendall(b"%d %s\n" % (self.number, text.encode()))
        answer = self._await_line(b"%d " % self.number, timeout)
        _, status, output = (answer.decode() + " ").split(" ", 2)
        output = base64.b64decode(output.strip()).decode("utf-8", "replace")
        if check and status != "0":
            raise RuntimeError("%s: exit %s\n%s" % (script, status, output))
        return output

    def until(self, condition, timeout=240):
        """Wait inside, by a shell's condition: one question, not many."""
        script = "end=$((SECONDS + %d)); until %s; do [ $SECONDS -lt $end ] || exit 9; sleep 0.3; done"
        return self.run(script % (timeout, condition), timeout + 60)

    def qmp(self, command):
        stream, sock = self._connect("qmp")
        sock.settimeout(30)
        stream.readline()
        for name in ("qmp_capabilities", command):
            stream.write(json.dumps({"execute": name}).encode() + b"\n")
            while b'"return"' not in stream.readline():
                pass
        stream.close()
        sock.close()

    def power_off(self, force=False):
        """The power button, or the plug; then qemu has ended."""
        self.qmp("quit" if force else "system_powerdown")
        self.process.wait(DOWN_SECONDS)
        self._hang_up()

    def _hang_up(self):
        if self.shell:
            self.shell[0].close()
            self.shell[1].close()
            self.shell = None

    def console(self):
        try:
            with open(self._own("console.log"), encoding="utf-8", errors="replace") as f:
                return f.read()[-3000:]
        except OSError as error:
            return str(error)

    def close(self):
        self._hang_up()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
