# SPDX-License-Identifier: Apache-2.0
"""From the root of a release to something that boots: a disk, a kernel and a small initrd."""

import glob
import os
import re
import shutil
import subprocess

SIZE = "1500M"
# What it takes to mount the disk; what of it a kernel has inside is left out. The checksum is a soft
# dependency of ext4.
WANTED = "virtio_pci virtio_blk virtio_net crc32c_generic ext4".split()
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in %s; do /bin/busybox insmod /$module; done
until [ -b /dev/vda ]; do /bin/busybox usleep 20000; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
"""
SHELL = r"""#!/bin/bash
exec </dev/ttyS1 >/dev/ttyS1
stty raw -echo
echo hello
while read -r number command; do
    text=$(bash -c "$(echo "$command" | base64 -d)" 2>&1 </dev/null)
    echo "$number $? $(printf %s "$text" | base64 -w0)"
done
"""
# no network in the way: it answers long before there is any
SHELL_UNIT = """[Unit]
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
[Service]
ExecStart=/usr/local/sbin/machine-shell
Restart=always
[Install]
WantedBy=sysinit.target
"""
ETH1 = """[Match]
Name=eth1
[Link]
RequiredForOnline=no
[Network]
DHCP=ipv4
[DHCPv4]
RouteMetric=50
UseDNS=no
"""
SLOW = "apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service".split()


def furnish(layer, authority):
    """What an image of the cloud's has: a network manager, trust; and our way in."""
    layer.write("etc/machine-id", "%s\n" % os.urandom(16).hex())
    layer.write("etc/hostname", "sim\n")
    layer.write("etc/fstab", "")
    layer.write("etc/apt/sources.list", "")     # the cloud's mirrors, which are not played here
    layer.write("etc/resolv.conf", "")
    os.unlink(layer.inside("etc/resolv.conf"))
    os.symlink("/run/systemd/resolve/stub-resolv.conf", layer.inside("etc/resolv.conf"))
    layer.write("etc/systemd/resolved.conf.d/90-sim.conf", "[Resolve]\nLLMNR=no\n")
    layer.write("etc/systemd/network/50-eth1.network", ETH1)
    # the one setting that cloud-init needs on a root without locales
    layer.write("etc/cloud/cloud.cfg.d/95-sim.cfg", "locale: C.UTF-8\n")
    layer.write("usr/local/sbin/machine-shell", SHELL, 0o755)
    layer.write("etc/systemd/system/machine-shell.service", SHELL_UNIT)
    shutil.copy(authority, _made(layer, "usr/local/share/ca-certificates/sim.crt"))
    layer.run("update-ca-certificates")
    os.makedirs(layer.inside("var/log/journal"), exist_ok=True)
    layer.run("systemctl", "enable", "systemd-networkd", "systemd-networkd-wait-online",
              "systemd-resolved", "machine-shell")
    layer.run("systemctl", "mask", *SLOW)


def _made(layer, name):
    target = layer.inside(name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    return target


def pack(layer, folder):
    """disk.img, vmlinuz and initrd in FOLDER."""
    kernel = sorted(glob.glob(layer.inside("boot/vmlinuz-*")))[-1]
    version = re.sub(r".*/vmlinuz-", "", kernel)
    shutil.copy(kernel, os.path.join(folder, "vmlinuz"))
    _initrd(layer, version, folder)
    disk = os.path.join(folder, "disk.img")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", layer.path, disk, SIZE], check=True,
                   stdout=subprocess.DEVNULL)
    return disk


def _modules(folder, tree):
    """Copies what WANTED needs to TREE, unpacked; the names in the order in which they are loaded."""
    needs = {}
    with open(os.path.join(folder, "modules.dep"), encoding="ascii") as f:
        for line in f:
            path, others = line.split(":")
            needs[re.sub(r"\.ko.*", "", os.path.basename(path))] = [path, *others.split()]
    paths = []
    for name in WANTED:
        paths += [path for path in reversed(needs.get(name, [])) if path not in paths]
    for path in paths:
        with open(os.path.join(tree, os.path.basename(path)), "wb") as f:
            unpack = {".xz": "xz", ".zst": "zstd"}.get(os.path.splitext(path)[1])
            subprocess.run([unpack, "-dc"] if unpack else ["cat"], check=True, stdout=f,
                           stdin=open(os.path.join(folder, path), "rb"))
    return [os.path.basename(path) for path in paths]


def _initrd(layer, version, folder):
    tree = os.path.join(folder, "initrd.d")
    for name in ("bin", "dev", "root"):
        os.makedirs(os.path.join(tree, name))
    shutil.copy("/bin/busybox", os.path.join(tree, "bin/busybox"))
    modules = _modules(layer.inside("lib/modules/" + version), tree)
    with open(os.path.join(tree, "init"), "w", encoding="ascii") as f:
        f.write(INIT % " ".join(modules))
    os.chmod(os.path.join(tree, "init"), 0o755)
    subprocess.run("find . | busybox cpio -o -H newc >../initrd 2>/dev/null", shell=True, check=True,
                   cwd=tree)
    shutil.rmtree(tree)
