# SPDX-License-Identifier: Apache-2.0
"""The commands beside status and wait: usage, brake, seal, configuration, policy."""

import json
import os
import re
import subprocess
import time

import pytest

from cli import ID, Agent, status, unconfirmed

COMMANDS = ["status", "wait", "doctor", "plan", "policy", "config", "hold", "resume", "seal"]
ROOT_ONLY = ["doctor", "plan", "hold", "resume", "seal"]
HOLD = "/etc/ecs-pubip/hold"
STATE = "/var/lib/ecs-pubip"


@pytest.fixture
def agent(machine):
    agent = Agent(machine)
    yield agent
    agent.close()


# usage

def test_help_and_version(machine):
    text = machine.cli("--help").stdout
    assert machine.cli("-h").stdout == machine.cli("help").stdout == text
    for command in COMMANDS:
        assert re.search(r"^  %s " % command, text, re.M), command
        one = machine.cli(command, "--help")
        assert one.returncode == 0 and one.stdout.startswith("Usage: ecs-pubip " + command)
        assert machine.cli("help", command).stdout == one.stdout
    assert re.fullmatch(r"ecs-pubip \d+\.\d+\.\d+\n", machine.cli("--version").stdout)


@pytest.mark.parametrize("arguments, said", [
    ([], "a command is missing"),
    (["statsu"], "did you mean 'status'?"),
    (["xyzzy"], "there is no command 'xyzzy'"),
    (["help", "hodl"], "did you mean 'hold'?"),
    (["--json", "status"], "'--json' is no command; options come after one"),
    (["status", "--jsno"], "--jsno is no option of this command"),
    (["status", "--timeout=1s"], "--timeout=1s is no option of this command"),
    (["status", "--json=yes"], "--json=yes"),
    (["status", "x"], "'x' is one argument too many"),
    (["status", "--", "--json"], "'--json' is one argument too many"),
    (["wait", "--timeout"], "--timeout needs an argument"),
    (["wait", "-t"], "wait: -t is no option of this command"),
    (["status", "-xyz"], "status: -x is no option of this command"),
    (["status", "-hx"], "status: -x is no option of this command"),
    (["wait", "--timeout="], "wait: --timeout= is no duration"),
    (["", ""], "there is no command ''"),
])
def test_what_is_not_understood(machine, arguments, said):
    done = machine.cli(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert said in done.stderr and "\nTry 'ecs-pubip " in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_root(machine, command):
    arguments = [machine.program("src/ecs-pubip"), command]
    if command == "wait":
        arguments.append("--timeout=0")
    done = machine.run(["setpriv", "--reuid=65534", "--clear-groups", *arguments], check=False)
    assert (done.returncode == 2) == (command in ROOT_ONLY), done.stderr
    assert ("needs root" in done.stderr) == (command in ROOT_ONLY)
    assert machine.run(["setpriv", "--reuid=65534", "--clear-groups", *arguments, "--help"],
                       check=False).returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["status"], ["status", "--json"],
                                       ["config"], ["policy"], ["policy", "--json"], ["doctor"],
                                       ["doctor", "--json"], ["plan"], ["wait", "--timeout=0"]])
def test_output_that_cannot_be_written(machine, agent, arguments):
    agent.live().say(status())
    program = [machine.program("src/ecs-pubip"), *arguments]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = machine.run(program, check=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    done = machine.run(["sh", "-c", '"$@" >&-', "sh", *program], check=False)
    assert done.returncode == 3 and "Bad file descriptor" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["config"], ["doctor"]])
def test_a_reader_who_leaves(machine, agent, arguments):
    agent.live().say(status())
    program = [machine.program("src/ecs-pubip"), *arguments]
    usual = machine.run(program, check=False).returncode
    done = machine.run(["bash", "-c", '"$@" | exec true; exit ${PIPESTATUS[0]}', "bash", *program],
                       check=False)
    assert done.returncode == usual and done.stderr == ""


def test_nothing_is_written_into_a_file_by_mistake(machine, agent):
    """With descriptors closed, the next file that is opened must not become standard output."""
    agent.say(status())
    machine.run(["sh", "-c", '"$@" >&- 2>&- <&-', "sh", machine.program("src/ecs-pubip"), "hold"],
                check=False)
    assert re.fullmatch(r"%s \S+Z\n" % ID, machine.read(HOLD))


# the brake

def begin(machine, *arguments):
    return machine.popen([machine.program("src/ecs-pubip"), *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)


def test_hold_waits_until_no_call_is_in_flight(machine, agent):
    agent.live().say(unconfirmed("allocating", busy=True))
    process = begin(machine, "hold")
    assert machine.wait_file(HOLD)
    agent.say(unconfirmed("allocating", busy=True, held=True))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    agent.say(unconfirmed("confirming", held=True))
    out, err = process.communicate(timeout=50)
    assert process.returncode == 0 and "Held" in out, out + err


def test_hold_file(machine, agent):
    agent.live().say(status(held=True))
    machine.write(HOLD + ".d", "")
    done = machine.run(["sh", "-c", "umask 077; exec " + machine.program("src/ecs-pubip") + " hold"])
    assert done.returncode == 0
    name, when = machine.read(HOLD).split()
    assert name == ID and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when)
    assert os.stat(machine.path(HOLD)).st_mode & 0o777 == 0o644
    assert not [f for f in os.listdir(machine.path("/etc/ecs-pubip")) if f.endswith(".new")]


def test_hold_without_agent(machine, agent):
    done = machine.cli("hold")
    assert done.returncode == 0 and "does not run" in done.stdout
    assert machine.read(HOLD).startswith("- ")          # nobody knows the instance yet
    agent.say(status())
    assert machine.cli("hold").returncode == 0
    assert machine.read(HOLD).startswith(ID + " ")      # its last words


def test_hold_with_a_ledger_that_cannot_be_read(machine):
    """A call of the agent that is gone may be under way: it is waited for, as for a known one."""
    machine.write(STATE + "/ledger", "scribble")
    process = begin(machine, "hold")
    assert machine.wait_file(HOLD)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("command", ["hold", "resume"])
def test_several_at_once(machine, agent, command):
    """Each writes the same file; nobody takes the other's away under his hands."""
    trace = ["strace", "-qq", "-o", "/dev/null", "-e", "inject=fsync:delay_enter=300000"]
    agent.live().say(status(held=command == "hold"))
    processes = [machine.popen([*trace, machine.program("src/ecs-pubip"), command],
                               stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
                 for _ in range(4)]
    while any(process.poll() is None for process in processes):
        machine.remove("/run/ecs-pubip/resume")     # as the agent does
        time.sleep(0.01)
    for process in processes:
        _, errors = process.communicate(timeout=50)
        assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("command", ["hold", "resume", "seal", "status", "wait"])
def test_an_agent_of_which_nothing_can_be_told(machine, agent, command):
    """Not to be able to look is no death: `hold` would promise what it does not know."""
    agent.live().say(status())
    path = machine.path("/run/ecs-pubip/agent.lock")
    done = machine.run(["strace", "-qq", "-P", "/run/ecs-pubip/agent.lock", "-o", "/run/trace", "-e",
                        "inject=open,openat:error=ENFILE", machine.program("src/ecs-pubip"), command],
                       check=False)
    assert os.path.exists(path) and "ENFILE" in machine.read("/run/trace")
    assert done.returncode == 3 and "Too many open files in system" in done.stderr
    assert done.stdout == ""


def test_hold_that_cannot_be_written(machine, agent):
    agent.live().say(status())
    machine.run("mount -t tmpfs -o ro none /etc/ecs-pubip")
    done = machine.cli("hold")
    assert done.returncode == 3 and "Read-only file system" in done.stderr


def test_hold_when_the_agent_dies_meanwhile(machine, agent):
    agent.live().say(unconfirmed("confirming"))
    process = begin(machine, "hold")
    assert machine.wait_file(HOLD)
    agent.die()
    assert process.wait(50) == 0
    assert "does not run" in process.stdout.read()


def test_an_agent_that_does_not_answer(machine, agent):
    """Both are bounded, and say what is set and what is not known."""
    agent.live().say(unconfirmed("allocating", busy=True, held=True))
    start = time.monotonic()
    hold, resume = begin(machine, "hold"), begin(machine, "resume")
    out, err = resume.communicate(timeout=60)
    assert resume.returncode == 1 and "has not noticed within 15 s" in err, out
    out, err = hold.communicate(timeout=120)
    assert hold.returncode == 1 and "within 60 s that its changing call has ended" in err, out
    assert time.monotonic() - start >= 60
    assert "ecs-pubip status" in err


def test_resume_waits_for_the_agent(machine, agent):
    machine.write(HOLD, ID + " 2026-11-23T02:00:00Z\n")
    agent.live().say(status(held=True))
    process = begin(machine, "resume")
    assert machine.wait_file("/run/ecs-pubip/resume")
    assert not machine.exists(HOLD)
    machine.remove("/run/ecs-pubip/resume")             # as the agent does
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    agent.say(status())
    assert process.wait(50) == 0


def test_resume_without_agent_leaves_no_wish_behind(machine):
    machine.write(HOLD, "- 2026-11-23T02:00:00Z\n")
    for _ in range(2):
        assert machine.cli("resume").returncode == 0
        assert not machine.exists(HOLD) and not machine.exists("/run/ecs-pubip/resume")


# seal

def test_seal(machine, agent):
    for name in ("ledger", "ledger.damaged-20261123T020000Z", ".hidden"):
        machine.write(STATE + "/" + name, "x")
    machine.write(HOLD, "- x\n")
    agent.live().say(status())
    done = machine.cli("seal")
    assert done.returncode == 1 and "stop it first" in done.stderr
    assert machine.exists(STATE + "/ledger") and machine.exists(HOLD)
    agent.die()
    for _ in range(2):
        assert machine.cli("seal").returncode == 0
        assert os.listdir(machine.path(STATE)) == [] and not machine.exists(HOLD)
    machine.run("rmdir " + STATE)
    assert machine.cli("seal").returncode == 0


def test_seal_is_kept_out_by_the_state_lock(machine):
    """An agent that has begun, but does not yet show that it lives."""
    machine.write(STATE + "/ledger", "x")
    lock = machine.popen(["flock", STATE, "sh", "-c", "echo locked; sleep 60"],
                         stdout=subprocess.PIPE)
    assert lock.stdout.readline() == b"locked\n"
    assert machine.cli("seal").returncode == 1
    assert machine.exists(STATE + "/ledger")
    lock.kill()


def test_seal_says_what_it_cannot_remove(machine):
    machine.run("mkdir %s/folder" % STATE)
    done = machine.cli("seal")
    assert done.returncode == 3 and STATE + "/folder" in done.stderr


def strace_seal(machine, *options):
    done = machine.run(["strace", "-qq", "-o", "/run/trace", *options,
                        machine.program("src/ecs-pubip"), "seal"], check=False)
    return done, machine.read("/run/trace").splitlines()


def test_seal_says_that_the_disk_failed(machine):
    machine.write(STATE + "/ledger", "x")
    done, _ = strace_seal(machine, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1")
    assert done.returncode == 3 and STATE + ": Input/output error" in done.stderr


def test_seal_keeps_the_lock_to_the_end(machine):
    """An agent that starts between the state and the brake would begin with neither."""
    machine.write(STATE + "/ledger", "x")
    machine.write(HOLD, "- x\n")
    done, calls = strace_seal(machine, "-e", "trace=flock,close,unlinkat")
    assert done.returncode == 0
    lock = next(n for n, call in enumerate(calls) if call.startswith("flock("))
    unlock = "close(%s)" % re.match(r"flock\((\d+)", calls[lock]).group(1)
    brake = next(n for n, call in enumerate(calls) if '"hold"' in call)
    assert not [call for call in calls[lock:brake] if call.startswith(unlock)]


# config

def test_config_shows_each_value_with_its_origin(machine):
    machine.configure("[Reboot]\nPolicy=always\n\n[Heal]\nLimit=2\n")
    machine.write("/etc/ecs-pubip/ecs-pubip.conf.d/10-x.conf", "[Heal]\nLimit=1\n")
    done = machine.run(["setpriv", "--reuid=65534", "--clear-groups",
                        machine.program("src/ecs-pubip"), "config"])
    assert done.returncode == 0 and done.stderr == ""
    assert re.search(r"^Policy=always +; /etc/ecs-pubip/ecs-pubip.conf:2$", done.stdout, re.M)
    assert re.search(r"^Limit=1 +; /etc/ecs-pubip/ecs-pubip.conf.d/10-x.conf:2$", done.stdout, re.M)
    assert re.search(r"^Strategy=static +; default$", done.stdout, re.M)


def test_config_can_be_used_as_one(machine):
    machine.configure("[Address]\nStrategy=static eip\nEipTag=a=b\n[Confirm]\nPlanes=kernel control\n"
                      "[Reboot]\nGrace=90s\n")
    first = machine.cli("config")
    machine.configure(first.stdout)
    again = machine.cli("config")
    assert again.returncode == 0, again.stderr
    values = [re.sub(r" +;.*", "", text, flags=re.M) for text in (first.stdout, again.stdout)]
    assert values[0] == values[1] and "Grace=1min 30s" in values[0]


def test_config_check(machine):
    done = machine.cli("config", "--check")
    assert (done.returncode, done.stdout) == (0, "")
    machine.configure("[Reboot]\nLimit=many\nTypo=1\n")
    done = machine.cli("config", "--check")
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert lines[0].startswith("error: /etc/ecs-pubip/ecs-pubip.conf:2: ")
    assert lines[1].startswith("warning: /etc/ecs-pubip/ecs-pubip.conf:3: ")
    done = machine.cli("config")
    assert done.returncode == 3 and "Limit=2 " in done.stdout and ":2: " in done.stderr
    machine.configure("[Reboot]\nTypo=1\n")
    done = machine.cli("config", "--check")
    assert done.returncode == 0 and done.stdout.startswith("warning: ")


# policy

def actions(policy):
    return {a for s in policy["Statement"] for a in s["Action"]}


def test_policy_unprivileged(machine, agent):
    agent.say(status())
    done = machine.run(["setpriv", "--reuid=65534", "--clear-groups",
                        machine.program("src/ecs-pubip"), "policy", "--json"])
    policy = json.loads(done.stdout)
    assert policy["Version"] == "1"
    assert actions(policy) == {"ecs:DescribeInstances", "ecs:AllocatePublicIpAddress",
                               "ecs:RebootInstance"}
    assert policy["Statement"][1]["Resource"] == ["acs:ecs:cn-hangzhou:*:instance/" + ID]
    text = machine.run(["setpriv", "--reuid=65534", "--clear-groups",
                        machine.program("src/ecs-pubip"), "policy"]).stdout
    assert "root can ask metadata" in text


def test_policy_is_enough_and_not_more(make_world):
    """The account's only policy is the one that we print; the whole job runs under it."""
    world = make_world(mode="vpc", config="[Reboot]\nGrace=1s\n")
    world.machine.start_socket()
    policy = json.loads(world.machine.cli("policy", "--json").stdout)
    assert "*:instance" not in json.dumps(policy)
    world.sim.set("account.policy", policy)
    world.machine.stop_socket()
    world.start()
    assert world.machine.wait_boot(2, timeout=60)
    assert world.machine.wait_phase("confirmed", timeout=60)
    used = {"ecs:" + a for a in world.sim.actions()}
    assert used == actions(policy)


def test_policy_is_enough_for_an_eip(make_world):
    world = make_world(mode="vpc-immediate")
    world.sim.set("instance.bandwidth_out", 0)
    eip = world.sim.new_eip()["id"]
    world.machine.configure("[Address]\nStrategy=eip\nEipAllocationId=%s\n" % eip)
    world.machine.start_socket()
    policy = json.loads(world.machine.cli("policy", "--json").stdout)
    world.sim.set("account.policy", policy)
    world.machine.start_agent()
    assert world.machine.wait_phase("confirmed", timeout=60)
    used = {("vpc:" if "Eip" in a else "ecs:") + a for a in world.sim.actions()}
    assert "vpc:AssociateEipAddress" in used and used <= actions(policy)


def test_policy_with_a_bad_configuration(machine):
    """Half a configuration would give half a policy."""
    machine.configure("[Address]\nStrategy=eip\n")
    done = machine.cli("policy", "--json")
    assert (done.returncode, done.stdout) == (3, "") and "EipAllocationId" in done.stderr


@pytest.mark.parametrize("config, more", [
    ("[Address]\nBandwidthOut=5\n", {"ecs:ModifyInstanceNetworkSpec"}),
    ("[Address]\nStrategy=eip\nEipAllocationId=eip-bp1x\n",
     {"vpc:DescribeEipAddresses", "vpc:AssociateEipAddress"}),
])
def test_policy_follows_the_configuration(machine, config, more):
    machine.configure(config)
    assert actions(json.loads(machine.cli("policy", "--json").stdout)) >= more
