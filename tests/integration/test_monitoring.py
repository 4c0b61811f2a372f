# SPDX-License-Identifier: Apache-2.0
"""What we ship for Prometheus and Grafana, against the real metrics and the real programs."""

import json
import os
import re
import shutil
import subprocess

import pytest

from world.inotify import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "packaging", "monitoring")
RULES = os.path.join(HERE, "ecs-pubip.rules.yml")
METRICS = "/run/ecs-pubip/metrics.prom"
COLLECTOR = "/var/lib/prometheus/node-exporter"
NAME = re.compile(r"\becs_pubip_[a-z0-9_]+")

promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool here")


def confirmed(make_world):
    world = make_world(mode="vpc-immediate")
    world.start()
    assert world.machine.wait_phase("confirmed", timeout=60)
    return world.machine


def stopped(machine):
    """As the unit's ExecStopPost= does it, after any end."""
    with open(os.path.join(ROOT, "units/ecs-pubip.service.in"), encoding="utf-8") as f:
        line = re.search(r"^ExecStopPost=-.*?(/bin/sh -c '.*')$", f.read(), re.M).group(1)
    machine.kill_agent()
    machine.run(line.replace("$$", "$"))


def metrics(machine, line):
    """Their text once LINE is in it: they are written just after the status."""
    def look():
        text = machine.read(METRICS)
        return text if "\n%s\n" % line in text else None
    text = wait_until(os.path.dirname(machine.path(METRICS)), look, 10)
    assert text, "never %s:\n%s" % (line, machine.read(METRICS))
    return text


def known(text):
    return set(re.findall(r"^# TYPE (\S+) ", text, re.M))


@promtool
def test_promtool_finds_nothing_wrong(make_world):
    machine = confirmed(make_world)
    metrics(machine, "ecs_pubip_confirmed 1")
    for _ in range(2):
        done = subprocess.run(["promtool", "check", "metrics"], input=machine.read(METRICS),
                              universal_newlines=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        assert (done.returncode, done.stdout) == (0, "")
        before = machine.read(METRICS)
        stopped(machine)
        after = machine.read(METRICS)
        assert after == before.replace("\necs_pubip_up 1\n", "\necs_pubip_up 0\n")
        assert after != before and after.endswith("# EOF\n")
        machine.start_agent()
        assert wait_until(os.path.dirname(machine.path(METRICS)),
                          lambda: "\necs_pubip_confirmed 1\n" in machine.read(METRICS)
                          and "\necs_pubip_up 1\n" in machine.read(METRICS), 30)


def test_each_query_asks_for_what_there_is(make_world):
    machine = confirmed(make_world)
    metrics(machine, "ecs_pubip_confirmed 1")
    # what is there only while something is so
    families = known(machine.read(METRICS)) | {"ecs_pubip_fault"}
    with open(os.path.join(HERE, "ecs-pubip.dashboard.json"), encoding="utf-8") as f:
        board = json.load(f)
    queries = [t["expr"] for p in board["panels"] for t in p["targets"]]
    assert len(queries) > 10
    with open(RULES, encoding="utf-8") as f:
        queries += re.findall(r"^ +expr: (.*)$", f.read(), re.M)
    for query in queries:
        names = set(NAME.findall(query))
        assert names and names <= families, query
    assert "ecs_pubip_nothing" not in families


def test_the_dashboard_is_one():
    with open(os.path.join(HERE, "ecs-pubip.dashboard.json"), encoding="utf-8") as f:
        board = json.load(f)
    assert set(board) >= {"title", "uid", "schemaVersion", "panels", "templating", "time"}
    ids = [p["id"] for p in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for p in board["panels"]:
        at = p["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, p["title"]
        taken |= cells
        assert p["type"] in ("stat", "table", "timeseries") and p["title"] and p["targets"]
        assert len({t["refId"] for t in p["targets"]}) == len(p["targets"])
    variables = {v["name"] for v in board["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(board["panels"]))) <= variables


# the rules, fed with what simulated states make the agent write

def series(text):
    return dict(re.findall(r"^(ecs_pubip_\S+) (\S+)$", text, re.M))


def as_input(text, changes=()):
    """Each sample as a series that stays as it is; CHANGES gives others by name."""
    lines = []
    for name, value in {**series(text), **dict(changes)}.items():
        labels = 'instance="i"' + ("," + name.split("{", 1)[1] if "{" in name else "}")
        full = name.split("{")[0] + "{" + labels
        steps = value if " " in value or "x" in value else value + "x2000"
        lines.append("      - series: '%s'\n        values: '%s'" % (full, steps))
    return "\n".join(lines)


def alerts(tmp_path, text, at, names, changes=()):
    """Whether just NAMES fire after the time AT."""
    with open(RULES, encoding="utf-8") as f:
        every = re.findall(r"alert: (\w+)", f.read())
    cases = "\n".join(
        "      - expr: count(ALERTS{alertname=\"%s\",alertstate=\"firing\"}) or vector(0)\n"
        "        eval_time: %s\n        exp_samples: [{value: %d}]" % (name, at, name in names)
        for name in every)
    test = tmp_path / "test.yml"
    test.write_text("rule_files: [%s]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n"
                    "    input_series:\n%s\n    promql_expr_test:\n%s\n"
                    % (RULES, as_input(text, changes), cases))
    done = subprocess.run(["promtool", "test", "rules", str(test)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True, check=False)
    assert done.returncode == 0, done.stdout


BEAT = ("ecs_pubip_heartbeat_timestamp_seconds", "0+60x2000")   # promtool's time begins at 0


@promtool
def test_alerts_of_a_healthy_agent_of_one_that_ended_and_of_one_on_hold(make_world, tmp_path):
    machine = confirmed(make_world)
    text = metrics(machine, "ecs_pubip_confirmed 1")
    alerts(tmp_path, text, "30h", [], [BEAT])
    alerts(tmp_path, text, "30m", ["EcsPubipSilent"],
           [("ecs_pubip_heartbeat_timestamp_seconds", "0x2000")])
    kind = 'ecs_pubip_address_changes_total{change="replaced"}'
    alerts(tmp_path, text, "20m", ["EcsPubipAddressChanged"], [BEAT, (kind, "0x12 1x2000")])
    alerts(tmp_path, text, "30m", ["EcsPubipFlapping", "EcsPubipAddressChanged"],
           [BEAT, (kind, "0x10 1 2 3 4 5 6 7x2000")])
    assert machine.cli("hold").returncode == 0
    held = metrics(machine, "ecs_pubip_held 1")
    alerts(tmp_path, held, "23h", [], [BEAT])
    alerts(tmp_path, held, "25h", ["EcsPubipHeld"], [BEAT])
    assert machine.cli("resume").returncode == 0
    machine.configure("[Heal]\nPolicy=maybe\n")
    machine.reload()
    assert machine.wait_status(lambda s: s["config_problem"], 10)
    bad = metrics(machine, "ecs_pubip_config_ok 0")
    alerts(tmp_path, bad, "10m", ["EcsPubipConfigBad"], [BEAT])
    stopped(machine)
    alerts(tmp_path, machine.read(METRICS), "10m", ["EcsPubipDown", "EcsPubipConfigBad"], [BEAT])


@promtool
def test_alert_of_a_problem_beside_a_confirmed_address(make_world, tmp_path):
    world = make_world(mode="vpc-immediate")
    machine = world.machine
    world.start()
    assert machine.wait_phase("confirmed", timeout=60)
    machine.write("/etc/ecs-pubip/hold", "")
    text = metrics(machine, 'ecs_pubip_condition{condition="hold",severity="problem"} 1')
    alerts(tmp_path, text, "20m", [], [BEAT])
    alerts(tmp_path, text, "40m", ["EcsPubipProblem"], [BEAT])


@promtool
def test_alerts_of_one_that_has_no_address(make_world, tmp_path):
    world = make_world(mode="vpc-immediate")
    world.sim.set("instance.bandwidth_out", 0)
    world.start()
    assert world.machine.wait_phase("failed", timeout=60)
    text = metrics(world.machine, 'ecs_pubip_phase{phase="failed"} 1')
    alerts(tmp_path, text, "20m", ["EcsPubipNoAddress", "EcsPubipFailed"], [BEAT])


@promtool
def test_alerts_of_a_reboot_that_waits_and_of_a_wrong_clock(make_world, tmp_path):
    world = make_world(mode="vpc", config="[Reboot]\nPolicy=never\nGrace=1s\n[Confirm]\nTimeout=10s\n")
    world.sim.set("clock.offset", -8 * 3600)
    world.start()
    assert world.machine.wait_status(lambda s: s["next"] and s["next"]["what"] == "reboot", 60)
    fired = ["EcsPubipNotConfirmed", "EcsPubipRebootDue", "EcsPubipClockOff", "EcsPubipFailed"]
    text = metrics(world.machine, "ecs_pubip_reboot_due 1")
    alerts(tmp_path, text, "70m", fired, [BEAT])


EXPORTER = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")


@pytest.mark.skipif(not EXPORTER, reason="no node_exporter here")
def test_the_real_node_exporter_takes_it(make_world):
    machine = confirmed(make_world)
    machine.run(["mkdir", "-p", COLLECTOR])
    assert machine.cli("metrics", "--enable").returncode == 0
    process = machine.popen(
        [EXPORTER, "--web.listen-address=127.0.0.1:9100", "--collector.disable-defaults",
         "--collector.textfile", "--collector.textfile.directory=" + COLLECTOR],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for line in process.stderr:
            if b"Listening on" in line or b"TLS is disabled" in line:
                break
        page = machine.run(["curl", "-sS", "--retry", "5", "--retry-connrefused",
                            "http://127.0.0.1:9100/metrics"]).stdout
    finally:
        process.kill()
        process.communicate()
    assert "\nnode_textfile_scrape_error 0\n" in page
    types = dict(re.findall(r"^# TYPE (ecs_pubip_\S+) (\S+)$", page, re.M))
    assert set(types) == known(machine.read(METRICS))
    assert all(kind == ("counter" if name.endswith("_total") else "gauge")
               for name, kind in types.items()), types
    assert "Metric read from" not in "".join(re.findall(r"^# HELP ecs_pubip.*$", page, re.M))
    assert "\necs_pubip_up 1\n" in page and "\necs_pubip_address_confirmed 1\n" in page
