# SPDX-License-Identifier: Apache-2.0
"""The service manager and the two processes: watchdog, crashes, limits, stops and starts."""

import json
import os
import time

AGENT = "ecs-pubip.service"
SOCKET = "ecs-pubip-cloud.socket"
RELOADED = "87e802119283610c76200cfa65c24e47"
QUICK_WATCHDOG = "[Service]\nWatchdogSec=2s\nTimeoutStopSec=1s\nRestartSec=100ms\n"
QUICK_RESTART = "[Service]\nRestartSec=1s\n"


def drop_in(text, unit=AGENT):
    return lambda layer: layer.write("etc/systemd/system/%s.d/90-test.conf" % unit, text)


def restarts(machine):
    return int(machine.show(AGENT, "NRestarts"))


def asks_after(one, machine, *command):
    """After this systemctl command the agent reaches the cloud process: the metadata hears it."""
    mark = one.sim.mark()
    machine.systemctl(*command)
    heard = one.sim.wait_request(timeout=15, since=mark, plane="metadata")
    assert heard, machine.log(AGENT)
    assert machine.cli("wait", "--timeout=30s").returncode == 0, command


def hang(one, machine, gate):
    """A question that the cloud does not answer, from an agent that was just started."""
    one.sim.hold("meta-data/*", name=gate)
    mark = one.sim.mark()
    machine.systemctl("restart", AGENT)
    assert one.sim.wait(timeout=15, since=mark, event="arrival", plane="metadata")


def test_watchdog_kills_a_stopped_agent(confirmed):
    """SIGSTOP: no ping, so systemd ends it the hard way and starts another, which finds its place."""
    one, machine = confirmed(before_boot=drop_in(QUICK_WATCHDOG))
    allocations = len(one.sim.executed())
    old = machine.main_pid()
    machine.run("kill", "-STOP", str(old))
    machine.wait_unit(AGENT, NRestarts=1, ActiveState="active")
    assert machine.main_pid() != old
    assert machine.cli("wait", "--timeout=30s").returncode == 0
    assert "Watchdog timeout" in machine.log(AGENT)
    assert len(one.sim.executed()) == allocations


def test_reload(confirmed):
    one, machine = confirmed()
    pid = machine.main_pid()
    machine.sh("printf '[Heal]\\nCheckInterval=7min\\n' >/etc/ecs-pubip/ecs-pubip.conf.d/60-new.conf")
    machine.systemctl("reload", AGENT)
    wait_for(lambda: machine.journal("MESSAGE_ID=" + RELOADED))
    assert machine.main_pid() == pid
    assert machine.show(AGENT, "ActiveState") == "active"
    assert "7min" in machine.cli("config").stdout


def test_reload_with_a_bad_value_keeps_the_old(confirmed):
    one, machine = confirmed()
    machine.sh("printf '[Reboot]\\nLimit=many\\n' >/etc/ecs-pubip/ecs-pubip.conf.d/60-bad.conf")
    machine.systemctl("reload", AGENT)
    wait_for(lambda: "60-bad.conf:2" in machine.log(AGENT))
    assert machine.show(AGENT, "ActiveState") == "active"
    assert machine.cli("config", "--check").returncode == 3


def test_bad_configuration_is_no_restart_loop(instance):
    one = instance("vpc-immediate", "[Reboot]\nLimit=many\n")
    machine = one.boot()
    machine.wait_unit(AGENT, ActiveState="failed")
    assert machine.show(AGENT, "ExecMainStatus") == "78"
    assert restarts(machine) == 0
    assert "config --check" in machine.log(AGENT)
    # by its sender: journald may learn too late of which unit a process was that has ended
    lines = machine.sh("journalctl --sync; journalctl -t ecs-pubip-agent -o cat").stdout
    assert "50-test.conf:2" in lines
    assert one.sim.log() == []


def test_each_end_and_the_agent_reaches_the_cloud_again(confirmed):
    """restart, stop and start, SIGKILL, and all of it with the socket: the socket file survives."""
    one, machine = confirmed(before_boot=drop_in(QUICK_RESTART))
    changes = one.sim.executed()
    for what in (["restart", AGENT], ["stop", AGENT], ["start", AGENT], ["restart", SOCKET],
                 ["stop", AGENT, SOCKET], ["start", AGENT]):
        if what[0] == "stop":
            machine.systemctl(*what)
            assert machine.cli("status").returncode == 4, what
        elif what == ["restart", SOCKET]:
            machine.systemctl(*what)    # says nothing to the agent, which has no question now
        else:
            asks_after(one, machine, *what)
    count = restarts(machine)
    machine.run("kill", "-KILL", str(machine.main_pid()))
    machine.wait_unit(AGENT, NRestarts=count + 1, ActiveState="active")
    asks_after(one, machine, "restart", AGENT)
    assert one.sim.executed() == changes
    assert machine.system_state() == "running"


def test_crash_loop_is_bounded_in_rate_not_in_number(confirmed):
    """More crashes than systemd's usual limit, at no more than one a RestartSec; then still there."""
    one, machine = confirmed(before_boot=drop_in(QUICK_RESTART))
    assert machine.show(AGENT, "StartLimitIntervalUSec") == "0"
    begun = time.monotonic()
    for number in range(7):
        machine.wait_unit(AGENT, ActiveState="active", NRestarts=number)
        machine.run("kill", "-SEGV", str(machine.main_pid()))
    machine.wait_unit(AGENT, ActiveState="active", NRestarts=7)
    assert time.monotonic() - begun >= 7 * 1.0
    assert machine.cli("wait", "--timeout=30s").returncode == 0
    assert len(one.sim.executed()) == 1


def test_shipped_restart_is_slow_enough(confirmed):
    _, machine = confirmed()
    assert machine.show(AGENT, "RestartUSec") == "15s"
    assert machine.show(AGENT, "WatchdogUSec") == "3min"


def test_cloud_processes_that_crash_leave_nothing_behind(confirmed):
    """Killed in the middle of a question, again and again: reported, collected, and it goes on."""
    one, machine = confirmed()
    for number in range(3):
        hang(one, machine, "gate%d" % number)
        machine.systemctl("kill", "--signal=SEGV", "ecs-pubip-cloud@*.service")
        one.sim.release("gate%d" % number)
    assert machine.cli("wait", "--timeout=60s").returncode == 0, machine.log()
    wait_for(lambda: not failed_units(machine))
    assert machine.system_state() == "running"
    assert len(one.sim.executed()) == 1


def test_cloud_process_that_hangs_is_ended_and_collected(confirmed):
    one, machine = confirmed()
    machine.sh("mkdir -p /run/systemd/system/ecs-pubip-cloud@.service.d; "
               "printf '[Service]\\nRuntimeMaxSec=2s\\nTimeoutStopSec=1s\\n' "
               ">/run/systemd/system/ecs-pubip-cloud@.service.d/90-test.conf; "
               "systemctl daemon-reload")
    hang(one, machine, "gate")
    wait_for(lambda: "runtime time limit" in machine.log("ecs-pubip-cloud@*"))
    # the next one gets its usual time: two seconds are little on a busy machine
    machine.sh("rm -r /run/systemd/system/ecs-pubip-cloud@.service.d; systemctl daemon-reload")
    one.sim.release("gate")
    wait_for(lambda: not failed_units(machine))
    assert machine.system_state() == "running"
    assert machine.cli("wait", "--timeout=60s").returncode == 0, machine.log()


MANY = """
import select, socket
held = [socket.socket(socket.AF_UNIX) for _ in range(12)]
for s in held:
    s.connect("/run/ecs-pubip/cloud.sock")
closed = set()
while len(closed) < 4:
    ready = select.select([s for s in held if s not in closed], [], [], 10)[0]
    if not ready:
        break
    closed.update(ready)    # nothing is ever sent: readable means closed
print(len(closed), len(select.select([s for s in held if s not in closed], [], [], 1)[0]))
"""


def test_connections_over_the_limit(confirmed):
    """Twelve at once: eight are served, four closed, and the socket goes on listening."""
    one, machine = confirmed()
    machine.systemctl("stop", AGENT)
    wait_for(lambda: machine.show(SOCKET, "NConnections") == "0")
    done = machine.run("python3", "-c", MANY)
    assert done.stdout.split() == ["4", "0"]
    assert machine.show(SOCKET, "ActiveState") == "active"
    wait_for(lambda: machine.show(SOCKET, "NConnections") == "0")
    asks_after(one, machine, "start", AGENT)
    assert machine.system_state() == "running"


def test_masked_socket_is_explained(instance):
    one = instance("vpc-immediate")
    os.symlink("/dev/null", one.layer.inside("etc/systemd/system/" + SOCKET))
    machine = one.boot()
    machine.wait_unit(AGENT, ActiveState="active")
    explained(machine)
    machine.systemctl("unmask", SOCKET)
    machine.systemctl("start", SOCKET)
    assert machine.cli("wait", "--timeout=60s").returncode == 0


def test_failed_socket_is_explained(confirmed):
    one, machine = confirmed()
    machine.sh("mkdir -p /etc/systemd/system/%s.d; "
               "printf '[Socket]\\nTriggerLimitIntervalSec=60s\\nTriggerLimitBurst=1\\n' "
               ">/etc/systemd/system/%s.d/90-test.conf" % (SOCKET, SOCKET))
    machine.systemctl("daemon-reload")
    machine.systemctl("stop", AGENT, SOCKET)
    machine.systemctl("start", SOCKET)
    for _ in range(3):
        machine.sh("python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); "
                   "s.connect(\"/run/ecs-pubip/cloud.sock\")' || true")
    machine.wait_unit(SOCKET, ActiveState="failed")
    machine.systemctl("mask", "--runtime", SOCKET)  # the start of the agent would start it again
    machine.systemctl("start", AGENT)
    explained(machine)


def explained(machine):
    """A sentence that names the socket, and what to do, in the status; said once in the journal."""
    text = wait_for(lambda: shown(machine, SOCKET))
    assert "systemctl" in text
    said = [e for e in machine.journal("SYSLOG_IDENTIFIER=ecs-pubip-agent")
            if "cloud process" in e["MESSAGE"]]
    assert 1 <= len(said) <= 2, said


def shown(machine, needle):
    text = machine.cli("status").stdout
    return text if needle in text else None


def failed_units(machine):
    return machine.systemctl("list-units", "--failed", "--plain", "--no-legend")


def wait_for(look, timeout=60.0):
    deadline = time.monotonic() + timeout
    while True:
        value = look()
        if value:
            return value
        assert time.monotonic() < deadline, "in vain for %d s" % timeout
        time.sleep(0.2)


FOLDER = "/run/ecs-pubip"
OF_ROOT = "root ecs-pubip 1775"


def finding(machine, check):
    return next(f for f in json.loads(machine.cli("doctor", "--json").stdout)["findings"]
                if f["check"] == check)


def as_agent(machine, script):
    """What the agent's user could do there, were the agent taken over."""
    return machine.run("setpriv", "--reuid=ecs-pubip", "--regid=ecs-pubip", "--clear-groups", "sh", "-c",
                       script, check=False)


def owner(machine, path):
    return machine.run("stat", "--format=%U %G %a", path).stdout.strip()


def test_the_agent_cannot_put_anything_in_the_place_of_what_is_roots(confirmed):
    """Such as the socket that systemd has just bound, and will now chown by its path."""
    _one, machine = confirmed()
    assert owner(machine, FOLDER) == OF_ROOT
    assert owner(machine, FOLDER + "/cloud.sock") == "ecs-pubip ecs-pubip 600"
    machine.sh("echo root >{0}/fresh".format(FOLDER))
    for what in ("rm -f {0}/fresh", "mv {0}/fresh {0}/away", "ln -sfT /etc/shadow {0}/fresh",
                 "touch {0}/mine && mv -f {0}/mine {0}/fresh", "mv {0} {0}.away", "chmod 777 {0}"):
        assert as_agent(machine, what.format(FOLDER)).returncode != 0, what
    assert machine.sh("cat {0}/fresh".format(FOLDER)).stdout == "root\n"
    # and its own it can still replace
    assert as_agent(machine, "touch {0}/mine && mv -f {0}/mine {0}/metrics.prom"
                    .format(FOLDER)).returncode == 0


def test_a_folder_of_an_older_version_is_taken_over(confirmed):
    """There it was the agent's, with its files in it; the start of the socket makes it root's."""
    one, machine = confirmed()
    machine.systemctl("stop", AGENT, SOCKET)
    machine.sh("chown ecs-pubip: {0} && chmod 0755 {0} && touch {0}/status.json {0}/agent.lock && "
               "chown ecs-pubip: {0}/*".format(FOLDER))
    asks_after(one, machine, "start", AGENT)
    assert owner(machine, FOLDER) == OF_ROOT
    assert machine.status()["phase"] == "confirmed"


def test_a_folder_that_is_gone(confirmed):
    """Without it the agent runs, says what helps, and that helps."""
    one, machine = confirmed()
    machine.systemctl("stop", AGENT)
    machine.sh("rm -r " + FOLDER)
    machine.systemctl("start", AGENT)
    assert "systemctl restart" in finding(machine, "run-folder")["remedy"]
    said = wait_for(lambda: [e["MESSAGE"] for e in machine.journal("SYSLOG_IDENTIFIER=ecs-pubip-agent")
                             if FOLDER + " cannot be written" in e["MESSAGE"]])
    assert "systemctl restart %s ecs-pubip" % SOCKET in said[0]
    asks_after(one, machine, "restart", SOCKET, AGENT)
    assert owner(machine, FOLDER) == OF_ROOT
    assert finding(machine, "run-folder")["level"] == "ok"
    machine.sh("chgrp root " + FOLDER)
    assert "cannot be written by ecs-pubip" in finding(machine, "run-folder")["text"]


def test_resume_is_heard(confirmed):
    """The file that asks is made by root, in a sticky folder, and taken away by the agent."""
    _one, machine = confirmed()
    assert machine.cli("hold").returncode == 0
    done = machine.cli("resume")
    assert (done.returncode, done.stdout) == (0, "Resumed\n")
    assert machine.sh("ls -A %s" % FOLDER).stdout.split().count("resume") == 0


# F_OFD_SETLK, F_RDLCK: what his right to read the file gives a user; systemd-run makes one of two dollars
READ_LOCK = """
open(F, "<", "/run/ecs-pubip/agent.lock") or die;
$$lock = pack("ssx4qqlx4", 0, 0, 0, 0, 0);
fcntl(F, 37, $$lock) or die;
system("systemd-notify", "--ready");
sleep;
"""


def test_who_listens_and_who_lives(confirmed):
    """By the kernel's word, with real users: the listener is the service manager, and nobody's
    read lock on the lock file is the agent."""
    _one, machine = confirmed()
    found = {f["check"]: f for f in json.loads(machine.cli("doctor", "--json").stdout)["findings"]}
    assert found["cloud-socket"]["level"] == "ok", found["cloud-socket"]
    assert found["agent"]["level"] == found["state"]["level"] == found["run-folder"]["level"] == "ok", found
    machine.systemctl("stop", AGENT)
    machine.run("systemd-run", "--quiet", "--uid=nobody", "--unit=reader", "--service-type=notify",
                "--property=NotifyAccess=all", "perl", "-e", READ_LOCK)
    assert machine.show("reader.service", "ActiveState") == "active"
    assert machine.cli("status").returncode == 4
    machine.systemctl("start", AGENT)
    assert machine.cli("wait", "--timeout=30s").returncode == 0
