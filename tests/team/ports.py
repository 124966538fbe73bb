"""Ports for programs that must be told theirs."""

import random
import socket
from itertools import count

FIRST, LAST = 20_000, 32_000
"""Below the ports that Linux gives to a program that asks for any free one, so that none gets it
between the search and the start."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that no other program gets by asking for any."""
    draw = random.SystemRandom()
    for attempt in count():
        port = draw.randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                assert attempt < 100, "no port is free"
                continue
        return port
    raise AssertionError
