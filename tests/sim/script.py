# SPDX-License-Identifier: Apache-2.0
"""Scripted answers and misbehaviour: what the next calls of something meet instead."""

import fnmatch
import threading

DAMAGES = ("close", "reset", "empty", "garbled", "half", "huge", "endless-headers", "html", "drip",
           "stall", "not-http")

FIELDS = {"match", "endpoint", "params", "method", "times", "after", "answer", "execute", "form",
          "damage", "delay", "pause", "late", "hold", "date", "headers", "door", "may_miss"}


class Rule:
    """One rule.  See tests/world/README.md for the fields by example.

    match     API action or metadata path below the version ("meta-data/all"), a glob
    endpoint, params, method   narrower: name of the endpoint, parameters, HTTP method
    times     how many calls it meets (None: all); after: how many it lets pass first
    answer    {"status","code","message","body","headers","format"} instead of the real one
    execute   run the call all the same (default: only without an answer of its own)
    form      "xml" or "json": the API answers so, whatever was asked for
    damage    what happens to the bytes (DAMAGES)
    delay     seconds before anything; pause: seconds between execution and answer;
              late: the call is executed that long after its answer
    hold      a name: the call waits, unexecuted, until the control interface releases it
    date      text of the Date header, or seconds to add to the right one
    door      true: before signature and token are looked at
    may_miss  true: the test is right, too, if no call ever meets it
    """

    def __init__(self, number, spec):
        unknown = set(spec) - FIELDS
        if unknown:
            raise ValueError("unknown fields %s" % ", ".join(sorted(unknown)))
        if spec.get("damage") not in (None,) + DAMAGES:
            raise ValueError("unknown damage %s" % spec["damage"])
        self.number = number
        self.spec = dict(spec)
        self.left = spec.get("times", 1)
        self.skip = spec.get("after", 0)
        self.met = 0

    def __getattr__(self, name):
        if name in FIELDS:
            return self.spec.get(name)
        raise AttributeError(name)

    def executes(self):
        return self.spec.get("execute", "answer" not in self.spec)

    def fits(self, name, endpoint, method, params):
        return (fnmatch.fnmatchcase(name, self.spec["match"])
                and self.spec.get("endpoint") in (None, endpoint)
                and self.spec.get("method") in (None, method)
                and all(params.get(k) == v for k, v in self.spec.get("params", {}).items()))


class Script:
    """The live rules, oldest first, and the gates that held calls wait at."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rules = []
        self.ever = []  # also those that are over
        self.gates = {}
        self.count = 0

    def add(self, spec, alone=False):
        with self.lock:
            self.count += 1
            rule = Rule(self.count, spec)
            self.rules = [rule] if alone else self.rules + [rule]
            self.ever.append(rule)
            if rule.hold:
                self.gates.setdefault(rule.hold, threading.Event()).clear()
            return rule.number

    def clear(self):
        with self.lock:
            self.rules = []
            for gate in self.gates.values():
                gate.set()

    def release(self, name):
        self.gates[name].set()

    def gate(self, name):
        return self.gates[name]

    def take(self, name, endpoint, method, params, door):
        """The rule that this call meets, or None; counts it as met."""
        with self.lock:
            for rule in self.rules:
                if bool(rule.door) != door or not rule.fits(name, endpoint, method, params):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                rule.met += 1
                if rule.left is not None:
                    rule.left -= 1
                    if rule.left <= 0:
                        self.rules.remove(rule)
                return rule
            return None

    def missed(self):
        """What was to happen and never did: a test that rests on it has shown nothing."""
        with self.lock:
            return [rule.spec for rule in self.ever if not rule.met and not rule.may_miss]

    def pending(self):
        with self.lock:
            return [{"number": r.number, "left": r.left, "met": r.met, **r.spec}
                    for r in self.rules]
