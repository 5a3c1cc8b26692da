"""frozen.py - a thread of a program stopped while the others go on, as a debugger does it: ptrace(2)"""

import ctypes
import os

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # __WALL: threads too


def comm(process, task):
    with open(f"/proc/{process}/task/{task}/comm", encoding="utf-8") as file:
        return file.read().rstrip("\n")


class Frozen:
    """The thread with that name, which is the name of its actor."""

    def __init__(self, process, name):
        self.thread = next(
            int(task) for task in os.listdir(f"/proc/{process}/task") if comm(process, task) == name
        )
        self.gone = False

    def __enter__(self):
        self.trace(PTRACE_SEIZE)
        self.trace(PTRACE_INTERRUPT)
        os.waitpid(self.thread, WALL)
        return self

    def __exit__(self, *_):
        if not self.gone:
            self.trace(PTRACE_DETACH)

    def has_ended(self):
        """Was the whole program killed meanwhile? It is gone only when this was asked."""
        if not self.gone:
            found, status = os.waitpid(self.thread, WALL | os.WNOHANG)
            self.gone = found != 0 and (os.WIFEXITED(status) or os.WIFSIGNALED(status))
        return self.gone

    def trace(self, request):
        call = ctypes.CDLL(None, use_errno=True).ptrace
        call.restype, call.argtypes = ctypes.c_long, [ctypes.c_long] * 4
        if call(request, self.thread, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
