# SPDX-License-Identifier: Apache-2.0
"""The outermost namespaces: whatever happens inside ends with them.

    python3 tests/world/outer.py COMMAND [ARGUMENT…]

runs COMMAND, with PYTHONPATH set for `import world`, with its own mounts, network (only `lo`) and process numbers, as root or, where user
namespaces allow it, without.  When COMMAND ends, or this process is killed however hard, the
kernel ends every process inside, and namespaces, mounts and links are gone with the last of them.
"""

import os
import signal
import subprocess
import sys

MARK = "ECS_PUBIP_OUTER"
HERE = os.path.abspath(__file__)
TESTS = os.path.dirname(os.path.dirname(HERE))


def inside():
    return MARK in os.environ


def enter(arguments):
    """Replace this process by one that runs ARGUMENTS inside; does nothing where that is so."""
    if inside():
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, HERE, *arguments])


def _supervise(arguments):
    """unshare blocks SIGTERM while it waits: we stand before it and end it for good."""
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *unshare,
         sys.executable, HERE, "--init", *arguments])

    ended_by = []

    def end(number, _frame):
        ended_by.append(number)
        child.kill()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the command as well
    status = _status(child.wait())
    return 128 + ended_by[0] if ended_by else status


def _status(code):
    return 128 - code if code < 0 else code


def _init(arguments):
    """Process 1 inside: sets up, reaps orphans, ends with the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # a terminal is the command's, with all that its keys do; else an interrupt is for the command
    # alone: what it started must live until it has tidied up
    apart = not os.isatty(0)
    # everybody's /run out of sight: no socket of the host, and room for ours
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ[MARK] = "1"
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = TESTS + (os.pathsep + path if path else "")
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if apart:
            os.setpgid(0, 0)
        try:
            os.execvp(arguments[0], arguments)
        except OSError as error:
            print("%s: %s" % (arguments[0], error), file=sys.stderr)
            os._exit(127)
    if apart:
        signal.signal(signal.SIGINT, lambda *_: os.kill(child, signal.SIGINT))
    while True:
        pid, status = os.wait()
        if pid == child:
            return _status(os.waitstatus_to_exitcode(status))


def main(arguments):
    if arguments[:1] == ["--init"]:
        return _init(arguments[1:])
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    if inside():
        os.execvp(arguments[0], arguments)
    return _supervise(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
