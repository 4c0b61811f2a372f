# SPDX-License-Identifier: Apache-2.0
"""What the simulator saw and what the agent said, as lines of the stage."""

import threading

POLL_SECONDS = 30
TOKEN, ALL, CREDENTIALS = "api/token", "meta-data/all", "ram/security-credentials"
# journal priorities: 3 and worse is red, 4 yellow
PRIORITY_COLOURS = {"0": "red", "1": "red", "2": "red", "3": "red", "4": "yellow"}
CHANGING = ("AllocatePublicIpAddress", "RebootInstance", "AssociateEipAddress",
            "AllocateEipAddress", "ModifyInstanceNetworkSpec")
SILENT = ("instance-identity",)


def metadata_line(event):
    item = event["item"]
    if item.endswith(TOKEN):
        said = "metadata: a session token"
    elif item.endswith(ALL):
        said = "metadata: the whole tree (identity, addresses)"
    elif CREDENTIALS in item:
        name = item.split(CREDENTIALS, 1)[1].strip("/")
        said = "metadata: credentials of the role" if name else "metadata: the name of the role"
    else:
        said = f"metadata: {item.rsplit('/', 1)[-1] or item}"
    return said + ("" if event["status"] == 200 else f" → {event['status']}")


def api_line(event):
    said = f"{event['endpoint']}: {event['action']}"
    if event["code"]:
        return f"{said} → {event['status']} {event['code']}", "yellow"
    if event["damage"]:
        return f"{said} → done, but the answer is lost ({event['damage']})", "yellow"
    return said + f" → {event['status']}", "blue" if event["action"] in CHANGING else None


def cloud_lines(event):
    """(text, colour) of an event of the simulator; None where it is not worth a line."""
    kind = event["event"]
    if kind == "request":
        if event["plane"] == "metadata":
            return metadata_line(event), "grey"
        return api_line(event)
    if kind == "effect":
        return (f"{event['address']} works now" if event["address"]
                else "the public address is gone"), "green"
    if kind == "reboot-accepted":
        return "and the machine is restarted", "blue"
    if kind == "eip":
        return f"{event['id']}: {event['status']}", "blue"
    if kind == "note":
        return event["text"], "bold"
    return None


class Voices:
    """Threads that bring everything said in a world to a stage, until closed."""

    def __init__(self, world, stage):
        self.world, self.stage = world, stage
        self.closed = False
        self.since = world.sim.mark()
        self.threads = [threading.Thread(target=run, daemon=True)
                        for run in (self._cloud, self._journal, self._ready, self._boots)]
        for thread in self.threads:
            thread.start()

    def _cloud(self):
        since = self.since
        while not self.closed:
            try:
                event = self.world.sim.wait(timeout=POLL_SECONDS, since=since)
            except Exception:  # the simulator has ended with its world
                return
            if event:
                since = event["seq"]
                line = cloud_lines(event)
                if line:
                    self.stage.cloud(line[0], event["time"], line[1])

    def _feed(self, feed, show):
        since = 0
        while not self.closed:
            if feed.wait_for(timeout=1, since=since) is None:
                continue
            entries = feed.find(since=since)
            since += len(entries)
            for entry in entries:
                show(entry)

    def _journal(self):
        self._feed(self.world.machine.journal, self._journal_line)

    def _journal_line(self, entry):
        colour = PRIORITY_COLOURS.get(entry.get("PRIORITY"))
        if entry.get("ECS_PUBIP_PHASE") == "confirmed" and not colour:
            colour = "green"
        self.stage.agent(entry.get("MESSAGE", ""), entry["_TIME"], colour)

    def _ready(self):
        self._feed(self.world.machine.notifications, self._ready_line)

    def _ready_line(self, entry):
        """What goes to the service manager, and `systemctl status` would show."""
        if entry.get("READY") == "1":
            self.stage.agent("READY=1: watching netlink", entry["_TIME"], "grey")
        elif "STATUS" in entry:
            self.stage.agent(f"status: {entry['STATUS']}", entry["_TIME"], "grey")

    def _boots(self):
        seen = len(self.world.machine.boots.entries)
        while not self.closed:
            if self.world.machine.boots.wait_for(timeout=1, since=seen):
                seen += 1
                self.stage.scene(f"boot {seen}: new boot id, the agent starts anew")

    def close(self):
        self.closed = True
