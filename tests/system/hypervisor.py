# SPDX-License-Identifier: Apache-2.0
"""What restarts a machine, container or virtual, when the simulated cloud says that it is due."""

import threading

from world.cloud import Cloud


class Hypervisor:
    """Who inherits has boot(), which ends with booted(), power_off(force) and story()."""

    def __init__(self, folder, mode):
        self.boots = 0
        self.changed = threading.Condition()
        self.failure = None
        self.closing = False
        self.cloud = Cloud(folder, mode=mode)
        self.sim = self.cloud.sim
        self.thread = threading.Thread(target=self._reboots, daemon=True)

    def start_cloud(self):
        self.cloud.start()
        self.cloud.ready()

    def watch(self):
        """From here on RebootInstance restarts the machine."""
        self.thread.start()

    def booted(self):
        with self.changed:
            self.boots += 1
            self.changed.notify_all()

    def _reboots(self):
        since = 0
        while not self.closing:
            try:
                event = self.sim.wait(timeout=3600, since=since, event="reboot-due")
                if self.closing or event is None:
                    continue
                since = event["seq"]
                self.sim.stopped(status="Stopping")
                self.power_off(event["force"])
                self.sim.restarted()
                self.boot()
            except Exception as error:
                with self.changed:
                    if not self.closing:
                        self.failure = error
                    self.changed.notify_all()
                return

    def wait_boot(self, number, timeout=60.0):
        """Until the NUMBERth boot is finished."""
        with self.changed:
            done = self.changed.wait_for(lambda: self.boots >= number or self.failure, timeout)
        if self.failure:
            raise self.failure
        assert done, "boot %d did not come\n%s" % (number, self.story())

    def cloud_story(self):
        """What the cloud saw, as lines: for failures."""
        lines = ["--- the cloud"]
        try:
            lines += ["%s %s" % (e["event"], {k: v for k, v in e.items() if k != "event" and v})
                      for e in self.sim.events() if e["event"] != "arrival"]
        except Exception as error:
            lines.append("cannot be asked: %s" % error)
        return lines

    def stop_cloud(self):
        """First of all when closing: no reboot begins any more."""
        self.closing = True
        self.cloud.stop()

    def join(self):
        if self.thread.is_alive():
            self.thread.join(60)
