# SPDX-License-Identifier: Apache-2.0
"""The cloud's clock, which need not agree with the machine's."""

import calendar
import email.utils
import re
import time

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")


class Clock:
    """Seconds since 1970 as the cloud counts them.

    Nothing can change the machine's clock inside a namespace, so a wrong clock of the machine is
    shown by moving the cloud's the other way.
    """

    def __init__(self, offset=0.0):
        self.offset = offset

    def now(self):
        return time.time() + self.offset

    def iso(self, t=None):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now() if t is None else t))

    def http_date(self, offset=0.0):
        return email.utils.formatdate(self.now() + offset, usegmt=True)


def parse_iso(text):
    """Seconds since 1970, or None unless TEXT is exactly yyyy-MM-ddTHH:mm:ssZ."""
    if not ISO.match(text):
        return None
    try:
        return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return None
