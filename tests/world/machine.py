# SPDX-License-Identifier: Apache-2.0
"""The machine side: namespaces in which our programs believe to be on an ECS instance.

What they find there is real: fixed paths, addresses, names, TLS.  Nothing of the host's /etc, /run,
/var and /sys is seen; folders of ours are mounted there, so tests may also read and write them
from outside (`path`).
"""

import json
import os
import shutil
import signal
import subprocess
import threading
import uuid

from .cloud import SYSCTLS
from .feed import Feed, Listener, parse_journal, parse_notification
from .inotify import wait_until
from .logind import Logind
from .namespace import Namespace

BUILD = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                     "build")
# what programs need of /etc that says nothing about the host
ETC = ("ld.so.cache", "ld.so.conf", "passwd", "group", "services", "protocols", "os-release",
       "localtime", "ssl/openssl.cnf", "pki/tls/openssl.cnf")
ETC_FOLDERS = ("alternatives", "ld.so.conf.d", "crypto-policies")
TRUST = ("ssl/certs/ca-certificates.crt", "ssl/cert.pem", "pki/tls/certs/ca-bundle.crt")
PASSED_ON = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "GCOV_PREFIX", "GCOV_PREFIX_STRIP",
             "LLVM_PROFILE_FILE", "MALLOC_PERTURB_")
AGENT = "src/ecs-pubip-agent"
CLOUD = "src/ecs-pubip-cloud"
CLI = "src/ecs-pubip"
SOCKET = "/run/ecs-pubip/cloud.sock"
STATUS = "/run/ecs-pubip/status.json"
LEDGER = "/var/lib/ecs-pubip/ledger"


def build_folder():
    return os.environ.get("ECS_PUBIP_BUILD", BUILD)


class Machine:
    def __init__(self, folder, cloud, config="", build=None, ipv6=False):
        self.folder = folder
        self.cloud = cloud
        self.build = build or build_folder()
        self.ipv6 = ipv6
        self.lock = threading.RLock()
        self.boots = Feed()         # {"boot": n, "boot_id": …}, one for each start
        self.boot_id = ""
        self.agent = None           # the running agent's Popen; with an exit status once it ended
        self.socket_process = None
        self.agent_arguments = []
        self.agent_environment = {}
        self.agent_strace = None    # arguments of strace; see strace_text
        self.cloud_environment = {}
        self.with_agent = False     # whether a boot starts the agent
        self.address = None         # public address on eth1
        self.logind = None
        self._make_folders()
        self.journal = Listener(self._own("run/systemd/journal/socket"), parse_journal)
        self.notifications = Listener(self._own("run/systemd/notify"), parse_notification)
        self.space = Namespace("--mount", "--net", "--uts", setup=self._setup())
        self.configure(config)

    # files

    def _own(self, name):
        return os.path.join(self.folder, name)

    def _make_folders(self):
        for name in ("etc/ecs-pubip", "etc/ssl/certs", "etc/pki/tls/certs", "run/ecs-pubip",
                     "var/lib/ecs-pubip", "var/tmp", "var/log", "sys/class/dmi/id", "usr/upper",
                     "usr/work"):
            os.makedirs(self._own(name), exist_ok=True)
        for name in ETC:
            source, target = "/etc/" + name, self._own("etc/" + name)
            if os.path.exists(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy(source, target)
        for name in ("passwd", "group"):    # no user of ours, installed on the host or not
            with open("/etc/" + name, encoding="utf-8") as f:
                self._put("etc/" + name, "".join(x for x in f if not x.startswith("ecs-pubip")))
        for name in ETC_FOLDERS:
            os.makedirs(self._own("etc/" + name))
        self._put("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
        # a resolver that refuses at once: names are in /etc/hosts or nowhere
        self._put("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self._put("etc/hostname", "sim\n")
        self._put("etc/machine-id", uuid.uuid4().hex + "\n")
        self._put("sys/class/dmi/id/product_name", "Alibaba Cloud ECS\n")
        self._put("sys/class/dmi/id/sys_vendor", "Alibaba Cloud\n")
        self._put("boot_id", "")
        os.chmod(self._own("var/lib/ecs-pubip"), 0o700)

    def _put(self, name, text):
        with open(self._own(name), "w", encoding="utf-8") as f:
            f.write(text)

    def _setup(self):
        """Runs in the new namespaces.  /run last: our own folder is below it."""
        here = self.folder
        return SYSCTLS + """
mount --make-rprivate /
hostname sim
mount -t overlay overlay -o lowerdir=/usr/lib,upperdir={here}/usr/upper,workdir={here}/usr/work \
    /usr/lib 2>/dev/null || :
for name in {folders}; do
    [ ! -d /etc/$name ] || mount --bind /etc/$name {here}/etc/$name
done
mount --bind {here}/boot_id /proc/sys/kernel/random/boot_id
mount --bind {here}/sys /sys
mount --bind {here}/var /var
mount --rbind {here}/etc /etc
mount --bind {here}/run /run
""".format(here=here, folders=" ".join(ETC_FOLDERS))

    def path(self, path):
        """PATH of the machine, as a path for us."""
        return self.space.path(path)

    def read(self, path):
        with open(self.path(path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def write(self, path, text, mode=0o644):
        """Written in place, as an operator's editor might not: use rename for atomic changes."""
        target = self.path(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w" if isinstance(text, str) else "wb") as f:
            f.write(text)
        os.chmod(target, mode)

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def remove(self, path):
        if self.exists(path):
            os.unlink(self.path(path))

    def configure(self, text):
        """The text of ecs-pubip.conf."""
        with open(self._own("etc/ecs-pubip/ecs-pubip.conf"), "w", encoding="utf-8") as f:
            f.write(text)

    def write_credentials(self):
        """The static key of the simulator's account, for Credentials=static."""
        identity, secret = next(iter(self.cloud.sim.get("account.keys").items()))
        for name, text in (("access-key-id", identity), ("access-key-secret", secret)):
            self.write("/etc/ecs-pubip/credentials/" + name, text + "\n", 0o600)

    def wait_file(self, path, timeout=10.0):
        """Until PATH exists; its folder may come meanwhile, the one above is there."""
        folder = os.path.dirname(self.path(path))
        return (wait_until(os.path.dirname(folder), lambda: os.path.isdir(folder), timeout)
                and wait_until(folder, lambda: self.exists(path), timeout))

    def ask_to_resume(self):
        """As `ecs-pubip resume` does, without waiting for an answer."""
        self.write("/run/ecs-pubip/.resume.test", "")
        os.rename(self.path("/run/ecs-pubip/.resume.test"), self.path("/run/ecs-pubip/resume"))

    # commands

    def environment(self, extra=None):
        passed = {k: os.environ[k] for k in PASSED_ON if k in os.environ}
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **passed,
                **(extra or {})}

    def run(self, arguments, env=None, **options):
        """A command in the machine; an error unless check=False.  A string is for the shell."""
        if isinstance(arguments, str):
            arguments = ["sh", "-c", arguments]
        return self.space.run(arguments, env=self.environment(env), **options)

    def popen(self, arguments, env=None, **options):
        return self.space.popen(arguments, env=self.environment(env), **options)

    def ip(self, *lines):
        self.space.ip(*lines)

    def program(self, name):
        path = os.path.join(self.build, name)
        if not os.path.exists(path):
            raise RuntimeError("%s is not there: build first, or set ECS_PUBIP_BUILD" % path)
        return path

    def cli(self, *arguments, timeout=60, **options):
        """`ecs-pubip ARGUMENTS`: the completed process, whatever its exit status."""
        return self.run([self.program(CLI), *arguments], check=False, timeout=timeout, **options)

    def start_logind(self):
        """A system bus with logind; without this there is none.  See logind.Logind."""
        self.logind = Logind(self._own("run/dbus/system_bus_socket"))
        return self.logind

    # power

    def boot(self):
        """Power on: new boot id, empty /run, the network, then our programs."""
        with self.lock:
            self.boot_id = str(uuid.uuid4())
            self._put("boot_id", self.boot_id + "\n")   # in place: it is mounted
            self._empty_run()
            self._network_up()
            if self.with_agent:
                self.start()
            self.boots.add({"boot": len(self.boots.entries) + 1, "boot_id": self.boot_id})

    def _empty_run(self):
        """A new tmpfs in effect.  /run/ecs-pubip itself stays: waiting tests watch it."""
        keep = self._own("run/ecs-pubip")
        os.makedirs(keep, exist_ok=True)
        for folder, spared in ((keep, ()), (self._own("run"), ("ecs-pubip", "systemd", "dbus"))):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if name in spared:
                    continue
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)

    def power_off(self, force=False):
        """Everything in the machine ends, by SIGTERM or, by FORCE, as when power is cut."""
        with self.lock:
            self.space.end_processes(0 if force else 10)
            self._reap()
            self.ip("link del eth0", *(["link del eth1"] if self.address else []))

    def reboot(self, force=False, counts=True, meanwhile=None):
        """As RebootInstance does it; COUNTS=False: a reboot that the cloud takes no note of.

        MEANWHILE() is called when everything in the machine has ended.
        """
        with self.lock:
            self.cloud.sim.stopped(status="Starting")   # as DescribeInstances shows a reboot
            self.power_off(force)
            if meanwhile:
                meanwhile()
            self.cloud.sim.restarted(counts=counts)
            self.boot()

    def wait_boot(self, number, timeout=15.0):
        """The NUMBERth boot (the first is 1) with its boot id, else None."""
        return self.boots.wait_for(boot=number, timeout=timeout)

    def _network_up(self):
        here = self.cloud.sim.get("instance")
        far = self.cloud.net
        prefix = here["private_ip"].rsplit(".", 1)[0]
        lines = [
            "link add eth0 address %s type veth peer name gw0 netns %d" % (here["mac"], far.pid),
            "link set eth0 up"]
        far_lines = ["link set gw0 up", "addr add %s.1/24 dev gw0" % prefix]
        classic = here["network"] == "classic"
        self.address = here["effective_ip"] if classic else None
        if self.address:
            public = self.address.rsplit(".", 1)[0]
            lines += ["link add eth1 address %s type veth peer name gw1 netns %d"
                      % (here["public_mac"], far.pid), "link set eth1 up"]
            far_lines += ["link set gw1 up", "addr add %s.1/24 dev gw1" % public]
        # the address before its routes, as DHCP clients do
        lines += ["addr add %s/24 brd + dev eth0" % here["private_ip"],
                  "route add default via %s.1 dev eth0 metric 1024" % prefix]
        if classic:
            lines += ["route add %s via %s.1 dev eth0" % (net, prefix)
                      for net in ("10.0.0.0/8", "100.64.0.0/10")]
        if self.address:
            lines += ["addr add %s/24 brd + dev eth1" % self.address,
                      "route add default via %s.1 dev eth1 metric 50" % public]
        if self.ipv6:
            lines += ["addr add fd00:172:16::10/64 dev eth0 nodad",
                      "route add default via fd00:172:16::1 dev eth0"]
            far_lines += ["addr add fd00:172:16::1/64 dev gw0 nodad"]
        self.ip(*lines[:2], *[line for line in lines[2:] if line.startswith("link")])
        far.ip(*far_lines)
        self.ip(*[line for line in lines[2:] if not line.startswith("link")])

    def _reap(self):
        for process in (self.agent, self.socket_process):
            if process:
                process.kill()      # one that a reboot started while the machine was being closed
                process.wait()
        if self.socket_process:
            self.socket_process.stderr.close()
        self.socket_process = None

    # our programs

    def start(self):
        """The cloud socket and the agent."""
        self.start_socket()
        self.start_agent()

    def start_socket(self):
        """What ecs-pubip-cloud.socket is elsewhere.  Returns once it listens."""
        with self.lock:
            self.remove(SOCKET)
            setenv = ["-E%s=%s" % pair for pair in self.cloud_environment.items()]
            setenv += ["-E%s=%s" % (k, os.environ[k]) for k in PASSED_ON if k in os.environ]
            process = self.popen(
                ["systemd-socket-activate", "--accept", "--inetd", *setenv, "-l", SOCKET,
                 self.program(CLOUD)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE)
            self.socket_process = process
            listening = threading.Event()
            threading.Thread(target=self._copy_errors, args=(process.stderr, listening),
                             daemon=True).start()
            if not listening.wait(30):
                raise RuntimeError("systemd-socket-activate does not listen")

    def _copy_errors(self, stream, listening):
        with open(self._own("cloud.err"), "ab", buffering=0) as out:
            try:
                for line in stream:
                    out.write(line)
                    if line.startswith(b"Listening on"):
                        listening.set()
            except ValueError:
                pass    # closed under us at power off
        listening.set()

    def stop_socket(self):
        """The socket and every cloud process end."""
        with self.lock:
            process, self.socket_process = self.socket_process, None
            for pid in self.cloud_pids():
                _kill(pid, signal.SIGKILL)
            process.kill()
            process.wait()
            process.stderr.close()
            self.remove(SOCKET)

    def cloud_pids(self):
        """The cloud processes that live now."""
        wanted = os.path.realpath(self.program(CLOUD))
        found = []
        for pid in self.space.pids():
            try:
                if os.readlink("/proc/%d/exe" % pid) == wanted:
                    found.append(pid)
            except OSError:
                continue
        return found

    def start_agent(self, *arguments, strace=None, env=None):
        """Start the agent.  STRACE is a list of strace's arguments, e.g. ["-e", "inject=…"]."""
        with self.lock:
            strace = self.agent_strace if strace is None else strace
            line = [self.program(AGENT), *self.agent_arguments, *arguments]
            if strace is not None:
                # -D: the agent keeps the process number that we know
                line = ["strace", "-D", "-qq", "-o", "/var/tmp/agent.strace", *strace, *line]
            with open(self._own("agent.err"), "ab") as err:
                self.agent = self.popen(
                    line, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                    env={"NOTIFY_SOCKET": "/run/systemd/notify", **self.agent_environment,
                         **(env or {})})
            return self.agent

    def stop_agent(self, number=signal.SIGTERM, timeout=10.0):
        """Signal the agent and wait for its end; its exit status (negative: the signal)."""
        with self.lock:
            if self.agent.poll() is None:
                self.agent.send_signal(number)
            return self.agent.wait(timeout)

    def kill_agent(self):
        return self.stop_agent(signal.SIGKILL)

    def wait_agent(self, timeout=10.0):
        """The exit status, once the agent has ended by itself."""
        return self.agent.wait(timeout)

    def reload(self):
        self.agent.send_signal(signal.SIGHUP)

    # what it says

    def status(self):
        """status.json as a dictionary; None where there is none."""
        try:
            return json.loads(self.read(STATUS))
        except FileNotFoundError:
            return None

    def wait_status(self, predicate=None, timeout=20.0, **fields):
        """The first status.json with these FIELDS for which PREDICATE holds, else None."""
        def look():
            status = self.status()
            if not status or any(status.get(k) != v for k, v in fields.items()):
                return None
            return status if predicate is None or predicate(status) else None
        return wait_until(os.path.dirname(self._own("run" + STATUS[4:])), look, timeout)

    def wait_phase(self, *phases, timeout=20.0):
        return self.wait_status(lambda s: s["phase"] in phases, timeout)

    def wait_notified(self, predicate=None, timeout=10.0, since=0, **fields):
        return self.notifications.wait_for(predicate, timeout, since, **fields)

    def wait_journal(self, predicate=None, timeout=10.0, since=0, **fields):
        return self.journal.wait_for(predicate, timeout, since, **fields)

    def errors(self):
        """What the programs wrote to standard error."""
        found = ""
        for name in ("agent.err", "cloud.err"):
            if os.path.exists(self._own(name)):
                with open(self._own(name), encoding="utf-8", errors="replace") as f:
                    found += f.read()
        return found

    def strace_text(self):
        with open(self._own("var/tmp/agent.strace"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def close(self):
        with self.lock:
            self.space.close()
            self._reap()
            self.journal.close()
            self.notifications.close()
            if self.logind:
                self.logind.close()


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
