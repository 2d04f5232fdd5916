"""Ctrl-C that waits until a library is loaded.

An extension module that is interrupted while it is loaded raises ImportError in place of
KeyboardInterrupt: its importer takes the library for missing, and the interpreter may abort when
it ends.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Raise KeyboardInterrupt after the block, not within it.

    Nothing changes in other threads than the main one, nor where Ctrl-C does something else.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    received: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if received:
            raise KeyboardInterrupt
