#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one error at a time into a copy of the core; the models must see it from outside.

    mutants.py SOURCE [NAME…]      each mutants/NAME.patch is one broken law, in one place

Prints who saw each. Ends with "caught C / planted P"; the exit status is 0 only if all are caught
by life, explore or fleet, but for those of UNIT_ONLY, which name the reason, and of each law L1 to
L10 at least one by life or explore. A patch that does not apply any more counts as not caught: the
core has moved on, and so must the patch.
"""
import concurrent.futures
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

NOT_CORE = ("metrics",)  # needs the version, and nothing here links it
MODEL = ("laws laws_calls laws_told laws_waits model model_answers model_cloud model_moves "
         "model_secret model_wire story").split()
UTIL = ["util/buf.c", "util/ipv4.c", "util/text.c", "util/time.c"]
LAWS = [f"L{n}" for n in range(1, 11)]
PROGRAMS = {
    "life": ("tests/life/life.c",),
    "explore": ("tests/life/explore.c", "tests/life/canon.c"),
    "fleet": ("tests/life/fleet.c",),
    "test_governor": ("tests/unit/test_governor.c",),
    "test_engine": ("tests/unit/test_engine.c", "tests/unit/engine_rig.c"),
    "test_engine_gate": ("tests/unit/test_engine_gate.c", "tests/unit/engine_rig.c"),
    "test_engine_heal": ("tests/unit/test_engine_heal.c", "tests/unit/engine_rig.c"),
    "test_engine_looks": ("tests/unit/test_engine_looks.c", "tests/unit/engine_rig.c"),
    "test_engine_rare": ("tests/unit/test_engine_rare.c", "tests/unit/engine_rig.c"),
    "test_engine_reboot": ("tests/unit/test_engine_reboot.c", "tests/unit/engine_rig.c"),
    "test_engine_wait": ("tests/unit/test_engine_wait.c", "tests/unit/engine_rig.c"),
    "test_identity": ("tests/unit/test_identity.c",),
}
# In this order, the quickest first; what sees the error first ends the search. Unit tests come last:
# what the models can see from outside is said to be seen by them.
HUNTS = (
    ("life", "--steps=400000"),
    ("fleet", "--instances=1000", "--quota=300", "--hint"),
    ("fleet", "--instances=1000", "--quota=300", "--others=alternate"),
    ("explore", "--bound=0"),
    ("explore", "--scene=user-data"),
    ("explore", "--scene=reboot-lies"),
    ("life", "--steps=6000000", "--seed=100000"),
    ("fleet", "--outage"),
    ("explore", "--scene=link-and-witness"),
    ("test_governor",), ("test_engine",), ("test_engine_wait",), ("test_engine_heal",),
    ("test_engine_looks",), ("test_engine_rare",), ("test_engine_reboot",), ("test_engine_gate",),
    ("test_identity",),
)
# Who is known to see what the others take long for. A guess: where it is wrong all HUNTS are run.
KNOWN = {
    "4.2-patience-while-held": ("life", "--steps=1", "--seed=101057"),
    "4.3-token-not-kept": ("life", "--steps=1", "--seed=100256"),
    "4.4-word-for-the-next": ("life", "--steps=1", "--seed=100667"),
    "4.5-hint-forgotten-at-start": ("life", "--steps=1", "--seed=100058"),
    "4.5-parity-ignored": ("fleet", "--instances=1000", "--quota=300", "--others=alternate"),
    "5-files-that-cannot-be-read": ("explore", "--scene=user-data"),
    "L10-allocations-not-counted": ("life", "--steps=1", "--seed=104072"),
    "L12-any-disagreement": ("life", "--steps=1", "--seed=100334"),
    "L12-no-cure-is-forgotten": ("life", "--steps=1", "--seed=100334"),
    "L13-not-asked-again": ("explore", "--bound=0"),
    "L14-bandwidth-is-never-late": ("life", "--steps=1", "--seed=101976"),
    "L6-another-instance-s-look": ("life", "--steps=1", "--seed=100924"),
    "L8-no-question-deadline": ("explore", "--bound=0"),
}
# What no model can see, and why: only unit tests are asked.
UNIT_ONLY = {
    "L1-ready-age": "an intent of 40 s under an inspection of less than 60 s",
    "L1-ready-policy": "a reload between the write of an intent and the call's being ready",
    "L1-ready-inspection": "an inspection of 60 s with an intent of less than 40 s",
    "L14-once-more-without-ceiling": "six calls of a kind within ten minutes, the last one repeated",
    "L2-once-more-before-store": "the write that goes before a repeat fails or is slow",
    "L3-left-is-withdrawn": "a call withdrawn at its second word, and its budget used up since",
    "3-answered-is-asked": "an inspection in flight for longer than 45 s while a call is open",
    "4.2-policy-changed-in-between": "a reload to another policy while the intent is written",
    "4.3-what-comes-back-is-ours": "an EIP that a person binds while ours is refused, and binds again "
                                   "20 min later: one life in ten thousand",
    "4.3-a-refusal-is-believed": "whose an address is shows only under alert or at Heal.Limit",
    "4.3-credit-without-end": "likewise, and minutes after the call",
    "L11-order-of-today": "a reload between a purchase without an answer and its repeat",
    "L11-token-of-dice": "the ledger is lost within the minutes in which no list shows the purchase",
    "L11-one-number-for-all": "a token that bought another order before the ledger began",
    "L13-no-is-unknown": "nothing is changed either way; the fault is the wrong one",
    "L15-order-by-times": "confirmed by a clock that is hours behind the one of its change",
    "L15-a-wait-by-any-date": "a refusal whose Date is days behind, and a reboot within its wait",
    "L3-look-before-it-is-over": "an inspection of the minute in which the 20 min end",
    "L3-refused-is-forgotten": "a reboot that is refused and executed, and Reboot.Limit used up by it",
    "L14-no-ceiling": "six calls of a kind within ten minutes, which the other budgets stop before",
    "L14-no-ceiling-of-the-hour": "likewise twenty within an hour",
    "L14-held-and-asking": "hours under the brake without metadata, with a look every few minutes",
    "4.3-old-token": "a purchase of which nothing came is repeated, with Heal.Limit used up since",
}
FLAGS = ("-D_GNU_SOURCE -std=gnu11 -O1 -w -ffunction-sections -Wl,--gc-sections "
         "-Iinclude -Isrc -Itests/unit -Itests/life").split()
CC = shlex.split(os.environ.get("CC", "cc"))
HUNT_SECONDS = 120


def libraries():
    names = ["cmocka", "libcjson", "libcrypto", "inih", "expat"]
    return ["-lm"] + subprocess.run(["pkg-config", "--libs", *names],
                          check=True, capture_output=True, text=True).stdout.split()


def core(tree):
    """Files of the core, by their path below src/."""
    return sorted(p.relative_to(tree / "src").as_posix()
                  for p in (tree / "src/core").rglob("*.c") if p.stem not in NOT_CORE)


def object_of(source):
    """Two rooms may have a file of the same name: the object is named by the whole path."""
    return source.removeprefix("src/").replace("/", "-").removesuffix(".c") + ".o"


def compile_one(tree, source, target):
    subprocess.run([*CC, *FLAGS, "-c", source, "-o", target], cwd=tree, check=True)


def build_all(tree, objects):
    """Everything but what a mutant changes, once."""
    sources = [f"src/{n}" for n in core(tree) + UTIL]
    sources += [f"tests/life/{n}.c" for n in MODEL]
    sources += sorted({s for extra in PROGRAMS.values() for s in extra})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda s: compile_one(tree, s, objects / object_of(s)),
                      sources))


def link(tree, work, objects, program):
    sources = core(tree) + UTIL + list(PROGRAMS[program])
    if not program.startswith("test_"):
        sources += [f"tests/life/{n}.c" for n in MODEL]
    names = [object_of(s) for s in sources]
    paths = [work / n if (work / n).exists() else objects / n for n in names]
    subprocess.run([*CC, "-Wl,--gc-sections", *paths, "-o", work / program, *libraries()],
                   check=True)


def hunts(name):
    if name in UNIT_ONLY:
        return [h for h in HUNTS if h[0].startswith("test_")]
    if name in KNOWN:
        return [KNOWN[name], *HUNTS]
    return HUNTS


def hunt(tree, work, objects, name=""):
    """Who sees it, and what it says; None if nobody does. A time-out is no sight."""
    for program, *arguments in hunts(name):
        if not (work / program).exists():
            link(tree, work, objects, program)
        try:
            run = subprocess.run([work / program, *arguments], cwd=work, text=True,
                                 capture_output=True, timeout=HUNT_SECONDS)
        except subprocess.TimeoutExpired:
            continue    # that it was seen is not known
        if run.returncode != 0:
            said = [line for line in run.stdout.splitlines() if "broken" in line]
            return f"{program}: {said[0].split(': ', 1)[-1]}" if said else program
    return None


def try_mutant(tree, objects, patch):
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        work = pathlib.Path(folder)
        copy = work / "tree"
        shutil.copytree(tree / "src/core", copy / "src/core")
        for name in ("include", "src/util"):
            (copy / name).symlink_to(tree / name)
        applied = subprocess.run(["patch", "-p1", "-s", "-f", "-i", patch], cwd=copy,
                                 capture_output=True, text=True)
        if applied.returncode != 0:
            return None, "the patch does not apply"
        for line in patch.read_text().splitlines():
            if line.startswith("+++ b/"):
                source = line[len("+++ b/"):].strip()
                compile_one(copy, source, work / object_of(source))
        who = hunt(tree, work, objects, patch.stem)
        return who, "nobody saw it"


def unseen_laws(patches, found):
    """For each of laws L1 to L10 one must be seen from outside, by life or explore, not by unit tests."""
    seen = {patch.stem.split("-")[0] for patch, (who, _) in zip(patches, found)
            if who and who.startswith(("life", "explore"))}
    return [law for law in LAWS if law not in seen]


def is_owed(patch, who):
    """Only a unit test saw it, and no reason is known why."""
    return who is not None and who.startswith("test_") and patch.stem not in UNIT_ONLY


def timed(function, *arguments):
    began = time.monotonic()
    result = function(*arguments)
    return time.monotonic() - began, result


def main():
    tree = pathlib.Path(sys.argv[1]).resolve()
    patches = sorted((tree / "tests/life/mutants").glob("*.patch"))
    if sys.argv[2:]:
        patches = [p for p in patches if p.stem in sys.argv[2:]]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        objects = pathlib.Path(folder)
        build_all(tree, objects)
        for program in PROGRAMS:
            link(tree, objects, objects, program)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            unchanged = pool.submit(hunt, tree, objects, objects)
            found = list(pool.map(lambda p: timed(try_mutant, tree, objects, p), patches))
        if unchanged.result():
            print(f"without any mutant: {unchanged.result()}")
            return 1
    caught = 0
    seconds = [took for took, _ in found]
    found = [result for _, result in found]
    for patch, (who, why), took in zip(patches, found, seconds):
        if is_owed(patch, who):
            who, why = None, f"by {who} only, and UNIT_ONLY has no reason"
        caught += who is not None
        print(f"{patch.stem:32} {took:3.0f} s {who or 'NOT CAUGHT: ' + why}")
        if who and who.startswith("test_"):
            print(f"{'':32} unit only: {UNIT_ONLY[patch.stem]}")
    unseen = [] if sys.argv[2:] else unseen_laws(patches, found)
    for law in unseen:
        print(f"{law}: no mutant of it is caught by life or explore")
    print(f"caught {caught} / planted {len(patches)}")
    return 0 if patches and caught == len(patches) and not unseen else 1


if __name__ == "__main__":
    sys.exit(main())
