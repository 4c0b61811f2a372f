# SPDX-License-Identifier: Apache-2.0
"""Layers over the Debian root, so that a machine of its own costs a mount and no copy."""

import os
import shutil
import subprocess

POLICY = "#!/bin/sh\nexit 101\n"


class Layer:
    """LOWER folders, topmost first, with a writable one over them; `path` is what one sees."""

    def __init__(self, folder, lower):
        self.folder = folder
        self.upper = os.path.join(folder, "upper")
        self.path = os.path.join(folder, "root")
        work = os.path.join(folder, "work")
        for name in (self.upper, self.path, work):
            os.makedirs(name)
        self._mount("-t", "overlay", "overlay", "-o",
                    "lowerdir=%s,upperdir=%s,workdir=%s" % (":".join(lower), self.upper, work),
                    self.path)

    @staticmethod
    def _mount(*arguments):
        subprocess.run(["mount", *arguments], check=True)

    def inside(self, name):
        return os.path.join(self.path, name.lstrip("/"))

    def read(self, name):
        with open(self.inside(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def write(self, name, text, mode=0o644):
        target = self.inside(name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(target):
            os.unlink(target)
        with open(target, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(target, mode)

    def run(self, *arguments, check=True, proc=True, **options):
        """A command in the root, as in an image build: own processes, no network, no systemd."""
        mount = "mount -t proc proc /proc && " if proc else ""
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "chroot", self.path,
             "sh", "-c", mount + 'exec "$@"', "sh", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            timeout=300, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
                              "DEBIAN_FRONTEND": "noninteractive"}, **options)
        if check and done.returncode != 0:
            raise RuntimeError("%s: exit %d\n%s" % (arguments, done.returncode, done.stdout))
        return done

    def install(self, deb):
        """As an image builder does: apt, with a policy that forbids every start."""
        self.write("usr/sbin/policy-rc.d", POLICY, 0o755)
        name = "/tmp/" + os.path.basename(deb)
        shutil.copy(deb, self.inside(name))
        output = self.run("apt-get", "install", "--yes", "--no-install-recommends", name).stdout
        for leftover in ("usr/sbin/policy-rc.d", name):
            os.unlink(self.inside(leftover))
        return output

    def close(self):
        subprocess.run(["umount", self.path], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)
