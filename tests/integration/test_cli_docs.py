# SPDX-License-Identifier: Apache-2.0
"""What the programs say of themselves, the manual and the completions say too, and nothing else."""

import json
import os
import re
import shutil
import subprocess

import pytest

from world.machine import build_folder

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ["ecs-pubip.1", "ecs-pubip.conf.5", "ecs-pubip-faults.7", "ecs-pubip-agent.8",
         "ecs-pubip-cloud.8", "ecs-pubip-hooks.8"]
LONG = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
COMMAND = re.compile(r"^  ([a-z]+) ", re.M)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def page(name):
    return read(build_folder(), "src/man", name)


def said(program, *arguments):
    done = subprocess.run([os.path.join(build_folder(), "src", program), *arguments, "--help"],
                          stdout=subprocess.PIPE, check=True, universal_newlines=True)
    return done.stdout


def plain(roff):
    """The text that a page's source comes to, as far as words go."""
    return roff.replace("\\-", "-").replace("\\fI", "").replace("\\fP", "").replace("\\fB", "")


def options_section(name):
    """Option names that have an entry of their own in OPTIONS."""
    section = re.search(r'^\.SH "?OPTIONS"?\n(.*?)^\.SH', plain(page(name)), re.M | re.S).group(1)
    return {option for entry in re.findall(r"^\.TP\n(.*)$", section, re.M)
            for option in LONG.findall(entry)}


COMMANDS = COMMAND.findall(said("ecs-pubip"))


def command_options(command):
    return set(LONG.findall(re.search(r"^Options:\n(.*)", said("ecs-pubip", command),
                                      re.M | re.S).group(1)))


def all_options():
    options = {"help", "version"}
    for command in COMMANDS:
        if command != "help":
            options |= command_options(command)
    return options


def test_there_is_something_to_compare():
    assert len(COMMANDS) == 15
    assert all_options() == {"json", "watch", "value", "timeout", "check", "fleet", "enable",
                             "disable", "help", "version"}


def test_options_of_the_tool_in_its_page():
    assert options_section("ecs-pubip.1") == all_options()


def test_synopsis_of_each_command():
    text = page("ecs-pubip.1")
    synopsis = plain(re.search(r"^\.SH SYNOPSIS\n(.*?)^\.SH", text, re.M | re.S).group(1))
    blocks = dict(re.findall(r"^\.B ecs-pubip ([a-z]+)\n(.*?)(?=^\.B |\Z)", synopsis, re.M | re.S))
    assert list(blocks) == COMMANDS
    for command in COMMANDS[:-1]:
        assert set(LONG.findall(blocks[command])) == command_options(command) - {"help"}, command


def test_each_command_has_a_paragraph():
    section = re.search(r"^\.SH COMMANDS\n(.*?)^\.SH", page("ecs-pubip.1"), re.M | re.S).group(1)
    assert re.findall(r"^\.TP\n\.B ([a-z]+)$", section, re.M) == COMMANDS


@pytest.mark.parametrize("program", ["ecs-pubip-agent", "ecs-pubip-cloud"])
def test_options_of_the_other_programs(program):
    assert options_section(program + ".8") == set(LONG.findall(said(program)))


def test_overview_is_80_columns():
    for text in [said("ecs-pubip"), *(said("ecs-pubip", c) for c in COMMANDS[:-1])]:
        assert max(len(line) for line in text.splitlines()) <= 80


def bash_completes(line):
    words = line.split(" ")
    script = """
    complete() { :; }; compopt() { :; }
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _ecs_pubip
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, "bash", os.path.join(ROOT, "src/completion/ecs-pubip.bash"), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_completion():
    assert bash_completes("ecs-pubip ") == {*COMMANDS, "--help", "--version"}
    assert bash_completes("ecs-pubip st") == {"status"}
    assert bash_completes("ecs-pubip help ") == set(COMMANDS) - {"help"}
    for command in COMMANDS[:-1]:
        offered = {o.rstrip("=")[2:] for o in bash_completes("ecs-pubip %s -" % command)}
        assert offered == command_options(command), command
    assert "5min" in bash_completes("ecs-pubip wait --timeout ")
    assert bash_completes("ecs-pubip wait --timeout = 5") == {"5min"}
    assert bash_completes("ecs-pubip hold x") == set()


def test_zsh_completion_names_the_same():
    text = read(ROOT, "src/completion/_ecs-pubip")
    helps = dict(re.findall(r"^  ([a-z]+)(?: [\[A-Z].*?)? {2,}(.*)$", said("ecs-pubip"), re.M))
    offered = {name: meaning.replace("\\:", ":") for name, meaning in
               re.findall(r"^ +'([a-z]+):(.*)'$", text, re.M)}
    assert offered == helps
    for command in COMMANDS[:-1]:
        row = re.search(r"^ +(?:[a-z]+ \| )*%s(?: \| [a-z]+)*\) (.*?) ;;$" % command, text,
                        re.M | re.S)
        row = row.group(1).replace("$help", "--help").replace("$json", "--json")
        assert set(LONG.findall(re.sub(r"\[[^]]*\]", "", row))) == command_options(command), command


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh here")
def test_zsh_completion_in_zsh():
    """Typed into a zsh on a terminal of its own."""
    script = r"""
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z "PS1= ; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; compdef _ecs-pubip ecs-pubip"
    zpty -w z "zstyle ':completion:*' list-prompt ''; LISTMAX=1000; echo rea''dy"
    zpty -r -m z line '*ready*'
    zpty -w -n z "ecs-pubip status --"$'\t\t'
    for i in {1..1000}; do
        zpty -r -t z chunk && line+=$chunk
        [[ $line == *--watch*Go\ on* ]] && break
        sleep 0.05
    done
    print -r -- $line
    """
    done = subprocess.run(["zsh", "-f", "-c", script, "zsh", os.path.join(ROOT, "src/completion")],
                          stdout=subprocess.PIPE, universal_newlines=True, check=True, timeout=60)
    assert "--watch" in done.stdout and "--json" in done.stdout
    assert "--timeout" not in done.stdout


def fish_completes(line):
    done = subprocess.run(
        ["fish", "-N", "-c", "source $argv[1]; complete -C $argv[2]",
         os.path.join(ROOT, "src/completion/ecs-pubip.fish"), line],
        stdout=subprocess.PIPE, universal_newlines=True, check=True, timeout=60,
        env={**os.environ, "HOME": "/nonexistent"})
    return dict(line.partition("\t")[::2] for line in done.stdout.splitlines())


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish_completion():
    helps = dict(re.findall(r"^  ([a-z]+)(?: [\[A-Z].*?)? {2,}(.*)$", said("ecs-pubip"), re.M))
    assert fish_completes("ecs-pubip ") == helps
    for command in COMMANDS[:-1]:
        offered = {o[2:].rstrip("=") for o in fish_completes("ecs-pubip %s --" % command)}
        assert offered == command_options(command), command
    assert "5min" in fish_completes("ecs-pubip wait --timeout ")


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_clean(name):
    path = os.path.join(build_folder(), "src/man", name)
    assert not re.search(r"@[A-Z]+@", read(path))
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path],
                              stdout=subprocess.PIPE, universal_newlines=True, check=False)
        assert (lint.returncode, lint.stdout) == (0, "")
    elif shutil.which("man"):
        lint = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              universal_newlines=True, check=False)
        assert (lint.returncode, lint.stderr) == (0, "")
    else:
        pytest.skip("neither mandoc nor man here")


def test_pages_that_are_named_exist():
    ours = {"%s(%s)" % tuple(name.rsplit(".", 1)) for name in PAGES}
    for name in PAGES:
        named = re.findall(r"^\.BR (ecs-pubip[\w.-]*) \((\d)\)", plain(page(name)), re.M)
        assert {"%s(%s)" % pair for pair in named} <= ours
    for folder, _, files in os.walk(os.path.join(ROOT, "units")):
        for file in files:
            named = set(re.findall(r"man:(ecs-pubip[\w.-]*\(\d\))", read(folder, file)))
            assert named <= ours, file


def test_every_journal_entry_is_in_the_page():
    ids = set(re.findall(r'MESSAGE_\w+\s*\\?\s*"([0-9a-f]{32})"',
                         read(ROOT, "src/agent/message_ids.h")))
    listed = set(re.findall(r"^([0-9a-f]{32})$", page("ecs-pubip-agent.8"), re.M))
    assert len(ids) > 20 and ids == listed


def test_every_key_is_in_the_page():
    keys = set(re.findall(r"^(\w+)=", subprocess.run(
        [os.path.join(build_folder(), "src/ecs-pubip"), "config"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, universal_newlines=True, check=False).stdout, re.M))
    assert len(keys) > 20
    text = plain(page("ecs-pubip.conf.5"))
    assert not [key for key in keys if not re.search(r"\b%s=" % key, text)]


def members(value):
    """Names of all members, those of the planes' and others' objects with them."""
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(members(v) for v in value.values()))


def test_every_member_of_the_status_file_is_in_the_page(make_world):
    world = make_world(mode="vpc-immediate")
    world.start()
    said = world.machine.wait_phase("confirmed", timeout=60)
    section = re.search(r'^\.SH "STATUS FILE"\n(.*?)^\.SH', page("ecs-pubip.1"), re.M | re.S).group(1)
    words = set(re.findall(r"[a-z_]+", section))
    code = read(ROOT, "src/core/format/status.c")
    known = set(re.findall(r'^        \{"([a-z_]+)", MEMBER_', code, re.M)) | members(said)
    assert len(known) > 25 and known <= words, known - words


def test_every_check_of_doctor_is_in_the_page(machine):
    said = json.loads(machine.cli("doctor", "--json").stdout)
    section = re.search(r'^\.SH "CHECKS OF DOCTOR"\n(.*?)^\.SH', page("ecs-pubip.1"),
                        re.M | re.S).group(1)
    listed = re.findall(r"^\.TP\n\.B ([a-z-]+)$", plain(section), re.M)
    assert listed == [finding["check"] for finding in said["findings"]]


# nc(1) of OpenBSD with -UN: at the end of its input it closes its half, and it ends with the other.
NETCAT = """#!/usr/bin/python3
import os, socket, sys, threading
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[2])
def send():
    while data := os.read(0, 4096):
        s.sendall(data)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while data := s.recv(4096):
    os.write(1, data)
"""


def test_the_question_of_the_page_is_answered(world, tmp_path):
    example = re.search(r"^\.nf\n(.*cloud.sock)\n\.fi", plain(page("ecs-pubip-cloud.8")), re.M).group(1)
    for name, text in (("nc", NETCAT), ("sudo", '#!/bin/sh\nexec "$@"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    world.machine.start_socket()
    done = world.machine.run(["sh", "-c", "PATH=%s:$PATH; %s" % (tmp_path, example)], timeout=30)
    assert json.loads(done.stdout)["ok"]["instance_id"] == world.sim.get("instance.id")
