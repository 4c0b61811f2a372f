# SPDX-License-Identifier: Apache-2.0
"""Two voices on one page: what the cloud sees on the left, what the agent says on the right."""

import os
import sys
import textwrap
import threading
import time

SETTLE_SECONDS = 0.15  # lines are held that long, so that both voices come in the order of time
NARROW = 100  # columns; below that one voice stands under the other
TIME_WIDTH = 7
COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "grey": "90", "bold": "1"}


def colourful():
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def width():
    if sys.stdout.isatty():
        return min(os.get_terminal_size().columns, 150)
    return 120


def paint(text, colour):
    if not colour or not colourful():
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


class Stage:
    """Prints lines in the order of their times, whoever brings them first."""

    def __init__(self):
        self.start = time.time()
        self.waiting = []
        self.lock = threading.Condition()
        self.closed = False
        self.width = width()
        self.thread = threading.Thread(target=self._print, daemon=True)
        self.thread.start()

    def cloud(self, text, when=None, colour=None):
        self._add(when, "cloud", text, colour)

    def agent(self, text, when=None, colour=None):
        self._add(when, "agent", text, colour)

    def scene(self, text, when=None):
        """A line across both voices: something happens to the machine."""
        self._add(when, "scene", text, "bold")

    def _add(self, when, voice, text, colour):
        with self.lock:
            self.waiting.append((when or time.time(), len(self.waiting), voice, text, colour))
            self.lock.notify()

    def _print(self):
        while True:
            with self.lock:
                while not self.waiting and not self.closed:
                    self.lock.wait()
                if not self.waiting:
                    return
                ripe = 0 if self.closed else SETTLE_SECONDS
            time.sleep(ripe)
            self._print_older_than(time.time() - ripe)

    def _print_older_than(self, limit):
        with self.lock:
            due = sorted(line for line in self.waiting if line[0] <= limit or self.closed)
            self.waiting = [line for line in self.waiting if line not in due]
        for when, _, voice, text, colour in due:
            self._line(when, voice, text, colour)
        sys.stdout.flush()

    def _line(self, when, voice, text, colour):
        clock = f"{max(0.0, when - self.start):{TIME_WIDTH - 1}.2f} "
        if voice == "scene":
            print(clock + paint(f"── {text} ".ljust(self.width - TIME_WIDTH, "─"), colour))
        elif self.width < NARROW:
            mark = "cloud │ " if voice == "cloud" else "agent │ "
            self._wrapped(clock + mark, " " * TIME_WIDTH + "      │ ", text, colour,
                          self.width - TIME_WIDTH - len(mark))
        else:
            self._columns(clock, voice, text, colour)

    def _columns(self, clock, voice, text, colour):
        left = (self.width - TIME_WIDTH) * 2 // 5
        right = self.width - TIME_WIDTH - left - 3
        if voice == "cloud":
            for number, part in enumerate(textwrap.wrap(text, left, break_on_hyphens=False) or [""]):
                print((clock if number == 0 else " " * TIME_WIDTH)
                      + paint(part.ljust(left), colour) + " │")
        else:
            self._wrapped(clock + " " * left + " │ ", " " * (TIME_WIDTH + left) + " │ ", text,
                          colour, right)

    def _wrapped(self, first, later, text, colour, columns):
        for number, part in enumerate(textwrap.wrap(text, max(20, columns), break_on_hyphens=False) or [""]):
            print((first if number == 0 else later) + paint(part, colour))

    def heading(self):
        if self.width >= NARROW:
            left = (self.width - TIME_WIDTH) * 2 // 5
            print(paint("seconds " + "the cloud sees".ljust(left) + "│ the agent says", "grey"))

    def close(self):
        with self.lock:
            self.closed = True
            self.lock.notify()
        self.thread.join()
