# SPDX-License-Identifier: Apache-2.0
"""history, explain, bugreport, metrics and status --value: what people and scripts ask for."""

import json
import os
import re
import stat

import pytest

from cli import Agent, failed, status

REPORT = "/var/log/report.txt"
SECRETS = {
    "key": "kEyIdOfNobody", "secret": "sEcReTaCcEsSkEy", "url": "https://ip.example.com/?pAssW0rd",
    "tag": "team=tAgVaLuE", "role": "sEcReTrOlE", "message": "mEsSaGe-with-pAsSwOrD",
    "note": "nOtE-of-nobody", "waits": "iNhIbItOr of root", "future": "fUtUrE-member",
    "journal": "jOuRnAl-text", "field": "fIeLd-of-others", "env": "eNvIrOnMeNt", "text": "sEnTeNcE",
    "remedy": "rEmEdY",
}


@pytest.fixture
def agent(machine):
    agent = Agent(machine)
    yield agent
    agent.close()


def test_the_report_has_no_secret(machine, agent):
    said = failed(note=SECRETS["note"], future={"x": SECRETS["future"]})
    said["fault"].update(message=SECRETS["message"], sentence=SECRETS["text"],
                         remedy=SECRETS["remedy"])
    said["next"] = {"what": "reboot", "at": None, "waits_for": SECRETS["waits"]}
    agent.live().say(said)
    machine.configure("[Address]\nEipTag=%(tag)s\n[Confirm]\nOutside=%(url)s\n[Cloud]\nRole=%(role)s\n"
                      "[Reboot]\nLimit=1\n" % SECRETS)
    machine.write("/etc/ecs-pubip/credentials/access-key-id", SECRETS["key"])
    machine.write("/etc/ecs-pubip/credentials/access-key-secret", SECRETS["secret"])
    entry = {"MESSAGE": SECRETS["journal"], "OTHER": SECRETS["field"], "ECS_ERROR_CODE": "Throttling",
             "MESSAGE_ID": "d67d2b9f4480c81b7011432f9f79b434", "_CMDLINE": SECRETS["env"]}
    machine.write("/var/log/journalctl", "#!/bin/sh\necho '%s'\n" % json.dumps(entry), 0o755)
    done = machine.cli("bugreport", REPORT, env={
        "PATH": "/var/log:/usr/bin:/bin", "https_proxy": SECRETS["url"], "X": SECRETS["env"]})
    assert done.returncode == 0, done.stderr
    text = machine.read(REPORT)
    assert stat.S_IMODE(os.stat(machine.path(REPORT)).st_mode) == 0o600
    for name, secret in SECRETS.items():
        assert secret not in text and secret not in done.stdout, name
    for wanted in ("ecs-pubip 0.", '"phase":"failed"', "InstanceLockedForSecurity", "Reboot.Limit=1 ; set",
                   "Confirm.Outside=(left out) ; set", "ECS_ERROR_CODE=Throttling", "check=agent",
                   "/run/ecs-pubip: mode"):
        assert wanted in text, wanted


def test_the_report_replaces_no_file(machine):
    machine.write(REPORT, "mine")
    done = machine.cli("bugreport", REPORT)
    assert done.returncode == 3 and machine.read(REPORT) == "mine"
    machine.run("ln -sf /etc/hostname /var/log/link")
    assert machine.cli("bugreport", "/var/log/link").returncode == 3
    assert machine.read("/etc/hostname") == "sim\n"


def test_history_says_where_the_time_went(make_world):
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    done = machine.cli("history")
    assert done.returncode == 4
    world.start()
    assert machine.wait_phase("confirmed", timeout=60)
    page = machine.run(["setpriv", "--reuid=65534", "--clear-groups",
                        machine.program("src/ecs-pubip"), "history"]).stdout
    rows = [line for line in page.splitlines() if re.match(r"\d{4}-", line)]
    assert " identifying " in rows[0] and " confirmed " in rows[-1] and "203.0.113." in rows[-1]
    assert re.search(r"^Boot +confirmed .* after this boot began; before the agent ", page, re.M)
    assert re.search(r"^Changed +\S+Z, assigned$", page, re.M), page
    machine.kill_agent()
    machine.start_agent()               # goes on in the same boot
    assert machine.wait_status(lambda s: s["phase"] == "confirmed", timeout=60)
    again = [line for line in machine.cli("history").stdout.splitlines() if re.match(r"\d{4}-", line)]
    assert again[:len(rows) - 1] == rows[:-1]


@pytest.mark.parametrize("text", ["{", "x" * 100_000, '{"at":"now"}\n', '{"at":null,"uptime":-1}\n'])
def test_a_history_that_is_none(machine, text):
    machine.write("/run/ecs-pubip/history", text)
    done = machine.cli("history")
    assert done.returncode == 3 and done.stdout == "" and len(done.stderr) < 200


def test_explain(machine):
    done = machine.cli("explain", "Forbidden.RAM")
    assert done.returncode == 0
    assert re.search(r"^Remedy +\S", done.stdout, re.M) and "ecs-pubip-faults" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    wrong = machine.cli("explain", "Forbiden.RAM")
    assert wrong.returncode == 2 and "did you mean 'Forbidden.RAM" in wrong.stderr, wrong.stderr
    assert machine.cli("explain", "No.Such.Code.At.All").returncode == 2
    missing = machine.cli("explain")
    assert missing.returncode == 2 and "CODE is missing" in missing.stderr


def test_explain_knows_each_code_of_the_table(machine):
    gen = machine.run([machine.program("src/man/gen-tables"), "faults-json"]).stdout
    patterns = [pattern for row in json.loads(gen) for pattern in row["codes"]]
    assert patterns
    for pattern in patterns:
        code = pattern.rstrip("*") + ("x" if pattern.endswith("*") else "")
        assert machine.cli("explain", code).returncode == 0, code


def test_one_value_for_a_script(machine, agent):
    agent.live().say(status())

    def value(name):
        done = machine.cli("status", "--value=" + name)
        return done.returncode, done.stdout, done.stderr

    assert value("public_ip") == (0, "203.0.113.10\n", "")
    assert value("allocations") == (0, "1\n", "")
    assert value("fault") == (0, "\n", "") and value("fault.code") == (0, "\n", "")
    assert value("planes.kernel.verdict") == (0, "agrees\n", "")
    assert value("held") == (0, "false\n", "")
    code, out, err = value("public_pi")
    assert (code, out) == (2, "") and "did you mean public_ip?" in err
    agent.die()
    assert value("agent_running") == (4, "false\n", "")


def test_options_that_are_nearly_right(machine):
    for arguments, near in ((["status", "--jsn"], "--json"), (["wait", "--timout=5s"], "--timeout"),
                            (["histroy"], "history"), (["bugrepot"], "bugreport")):
        done = machine.cli(*arguments)
        assert done.returncode == 2 and "did you mean" in done.stderr and near in done.stderr


def test_the_link_for_the_collector(machine):
    folder = "/var/lib/prometheus/node-exporter"
    done = machine.cli("metrics", "--enable")
    assert done.returncode == 3 and "no folder of a textfile collector" in done.stderr
    machine.run(["mkdir", "-p", folder])
    for _ in range(2):
        assert machine.cli("metrics", "--enable").returncode == 0
        said = machine.run(["cat", folder + "/ecs-pubip.prom"]).stdout      # does not dangle
        assert "ecs_pubip_up 0\n" in said
    assert machine.cli("metrics").stdout == machine.read("/run/ecs-pubip/metrics.prom")
    for _ in range(2):
        assert machine.cli("metrics", "--disable").returncode == 0
        assert not machine.exists(folder + "/ecs-pubip.prom")
    machine.write(folder + "/ecs-pubip.prom", "mine")       # somebody's own is left alone
    assert machine.cli("metrics", "--enable").returncode == 3
    assert machine.cli("metrics", "--disable").returncode == 0
    assert machine.read(folder + "/ecs-pubip.prom") == "mine"


def test_doctor_says_problems_first_and_a_summary_last(machine, agent):
    agent.live().say(failed())
    done = machine.cli("doctor")
    lines = done.stdout.splitlines()
    levels = [line.split()[0] for line in lines if re.match(r"(ok|note|skip|warn|fail) ", line)]
    assert levels[0] == "fail" and "ok" in levels
    worst = [{"fail": 0, "warn": 1}.get(level, 2) for level in levels]
    assert worst == sorted(worst)
    assert re.match(r"\d+ needs? a person, \d+ heals? by waiting; \d+ passed, \d+ not checked$", lines[-1])
    assert max(map(len, lines)) <= 80


def test_wait_says_what_it_waits_for(machine, agent):
    agent.live().say({**failed(next=None), "phase": "waiting"})
    for timeout in ("0s", "1s"):    # also where its time is over before its first look
        done = machine.cli("wait", "--timeout=" + timeout)
        assert done.returncode == 1 and "Waiting: the instance is locked" in done.stderr
