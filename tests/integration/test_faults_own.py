# SPDX-License-Identifier: Apache-2.0
"""The codes of our own that the outside can cause: made to happen, and read in the agent's status.

Each row of the table with a code of our own is either here or, where it is a decision of the
engine, in the list of those whose test is elsewhere: none is left out unseen.
"""

import pytest

from fault_rows import ALLOCATE, remedy_here, table

OWN = [row for row in table() if row["own"]]
LOOK = "DescribeInstances"
TIMEOUT = 40    # the API has 20 s for an answer
PAGE = "<html><body>Sign in to continue</body></html>"


def damage(kind, action=LOOK):
    return lambda w: w.sim.damage(action, kind, times=None, execute=False)


def page(status):
    return lambda w: w.sim.rule(LOOK, times=None, answer={
        "status": status, "body": PAGE, "content_type": "text/html"})


def metadata(status, *items):
    return lambda w: [w.sim.refuse_metadata(item, status, times=None) for item in items or ("*",)]


def state(**values):
    return lambda w: w.sim.update({k.replace("__", "."): v for k, v in values.items()})


def no_names(w):
    w.machine.write("/etc/hosts", "127.0.0.1 localhost\n")


def no_credentials(w):
    w.machine.configure("[Cloud]\nCredentials=static\n")


def other_role(w):
    w.machine.configure("[Cloud]\nRole=nobody\n")


def no_endpoint(w):
    for name in ("ecs-vpc", "ecs", "ecs-central"):
        w.sim.endpoint(name, "refuse")


def bad_certificate(w):
    no_endpoint(w)
    w.sim.endpoint("ecs-vpc", "up")
    w.sim.tls("ecs-vpc", "wrong-name")


def odd_proxy(w):
    w.machine.cloud_environment["https_proxy"] = "socks9://proxy.test:3128"


def no_metadata(w):
    for name in ("metadata", "metadata6"):
        w.sim.endpoint(name, "refuse")


def old_address(w):
    """Metadata shows an address that control, which is asked here, does not."""
    w.machine.configure("[Confirm]\nPlanes=kernel metadata control\n")
    w.sim.set("metadata.address", "203.0.113.10")


# Code, what makes it happen, and a word of the message that picks the row among several.
CAUSES = [
    ("Transport.Resolve", no_names, ""),
    ("Transport.Connect", no_endpoint, ""),
    ("Transport.ProxySetting", odd_proxy, ""),
    ("Transport.Tls", bad_certificate, ""),
    ("Transport.Timeout", damage("stall"), ""),
    ("Transport.Closed", damage("close"), ""),
    ("Transport.TooLarge", damage("huge"), ""),
    ("Transport.NotApi", page(429), ""),
    ("Transport.NotApi", page(407), ""),
    ("Transport.NotApi", page(403), ""),
    ("Transport.NotApi", page(502), ""),
    ("Transport.NotApi", page(503), ""),
    ("Transport.NotApi", page(302), ""),
    ("Transport.NotApi", page(404), ""),
    ("Transport.NotApi", damage("garbled"), ""),
    ("Transport.Closed", damage("close", ALLOCATE), ""),
    ("Metadata.Unreachable", no_metadata, ""),
    ("Metadata.TokenTimeout", lambda w: (w.sim.set("metadata.mode", "required"),
                                         w.sim.damage("api/token", "stall", times=None)), ""),
    ("Metadata.Forbidden", state(metadata__mode="disabled"), ""),
    ("Metadata.Throttled", metadata(429), ""),
    ("Metadata.NotFound", metadata(404, "meta-data/*", "dynamic/*"), ""),
    ("Metadata.ServerError", metadata(503), ""),
    ("Metadata.Garbled", lambda w: w.sim.damage("meta-data/*", "garbled", times=None), ""),
    ("Metadata.NoRole", state(account__role__attached=False), ""),
    ("Metadata.NoRole", other_role, "is not this instance's"),
    ("Metadata.BadCredentials", state(account__role__code="Failed"), ""),
    ("Metadata.BadCredentials", state(account__role__code="AssumeRoleUnauthorizedAccess"),
     "AssumeRole"),
    ("Credentials.Unreadable", no_credentials, ""),
    ("Instance.NotListed", state(instance__not_found_looks=1000), ""),
    ("Instance.NotSettled", state(instance__status="Stopping"), ""),
    ("Instance.Locked", state(instance__locks=["security"]), "security"),
    ("Instance.Locked", state(instance__locks=["financial"]), "financial"),
    ("Instance.Locked", state(instance__locks=["Recycling"]), "recycling"),
    ("Instance.Locked", state(instance__locks=["refunded"]), ""),
    ("Instance.NoBandwidth", state(instance__bandwidth_out=0), ""),
    ("Instance.MetadataOnly", old_address, ""),
]
# Where the others are met: by name, so that a new code of our own has to be put somewhere.
ELSEWHERE = {
    "test_agent_wire.py": ["Cloud.Unreachable", "Cloud.Gone", "Cloud.Silent", "Cloud.Garbled"],
    "test_gate.py": ["Cloud.NoGo"],
    "test_cloud_limits.py": ["Transport.Deadline", "Cloud.Config"],
    "test_cloud_api.py": ["Transport.TlsNotYetValid", "Transport.Proxy"],
    "test_cloud_metadata.py": ["Metadata.Denied", "Metadata.Locked"],
}


@pytest.mark.parametrize("code,cause,word", CAUSES, ids=[
    "%s-%d" % (c, n) for n, (c, _, _) in enumerate(CAUSES)])
def test_cause(make_world, code, cause, word):
    w = make_world(mode="vpc-immediate")
    w.sim.set("network.public", "refuse")
    cause(w)
    w.start()
    status = w.machine.wait_status(lambda s: s["fault"] and s["fault"]["code"] == code, TIMEOUT)
    assert status, w.machine.status()
    fault = status["fault"]
    row = next(r for r in OWN if r["codes"] == [code]
               and r["status"] in (0, fault["http_status"], fault["http_status"] // 100)
               and (r["message"] or "").lower() in (fault["message"] or "").lower())
    assert (row["message"] or "") == word
    assert status["phase"] == ("failed" if row["class"] == "operator" else "waiting")
    assert fault["class"] == row["class"]
    assert (fault["sentence"], fault["remedy"]) == (
        row["sentence"], remedy_here(row["remedy"], status))
    assert w.sim.executed() == []


def test_every_code_that_the_outside_causes_is_here():
    """The engine's own decisions (Heal., Reboot., …) are made in unit and life tests."""
    outside = ("Cloud.", "Transport.", "Metadata.", "Credentials.")
    here = {code for code, _, _ in CAUSES}.union(*ELSEWHERE.values())
    codes = [code for row in OWN for code in row["codes"]]
    assert [code for code in codes if code.startswith(outside) and code not in here] == []
