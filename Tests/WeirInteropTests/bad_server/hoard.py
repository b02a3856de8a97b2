# SPDX-License-Identifier: Apache-2.0
"""What faults keep in memory: counted against one cap, so that a test never takes the machine down."""
import ctypes


class Hoard:
    """A counter of bytes with a cap."""

    def __init__(self, cap_bytes):
        self.cap = cap_bytes
        self.held = 0
        self.leaked = []

    def take(self, size):
        """Counts so many bytes; false, and nothing counted, when they are over the cap."""
        if self.held + size > self.cap:
            return False
        self.held += size
        return True

    def give(self, size):
        """Those bytes are free again."""
        self.held -= size

    def leak(self, size):
        """Keeps so many bytes, written to, for ever."""
        if self.take(size):
            self.leaked.append(bytearray(b"\xA5") * size)


def give_memory_back():
    """Asks the C library to return what is free to the system, where there is a way to ask."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        pass
