"""Waiting for an element in TensorFlow, where Python sees no Ctrl-C, and having the wait end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable
from functools import cache
from typing import Any


class Next:
    """Gives the next element of an iterator; another thread can cancel the wait for it.

    TensorFlow lets an operation be cancelled, but its iterator offers no way to it: the operation is run as the
    iterator would, where its parts are found, else the iterator is simply asked.
    """

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator
        self._manager: Any = None
        self._execute: Callable[[], Any] | None = None
        with contextlib.suppress(ImportError, AttributeError):  # other builds of TensorFlow: Ctrl-C has to wait then
            self._prepare()

    def __call__(self) -> Any:
        """Returns the next element.

        Raises:
            StopIteration: There is none.
        """
        if self._execute is None:
            return next(self._iterator)
        from tensorflow.errors import OutOfRangeError

        try:
            return self._execute()
        except OutOfRangeError:
            raise StopIteration from None

    @property
    def can_be_cancelled(self) -> bool:
        """Whether ``cancel`` does anything."""
        return self._manager is not None

    def cancel(self) -> None:
        """Has a wait for an element end at once, where TensorFlow can do that."""
        if self._manager is not None:
            self._manager.start_cancel()

    def _prepare(self) -> None:
        if type(self._iterator).__name__ != "OwnedIterator":
            return
        from tensorflow.python.data.util import structure
        from tensorflow.python.eager import cancellation, context, execute

        iterator, manager = self._iterator, cancellation.CancellationManager()
        resource, spec = iterator._iterator_resource, iterator._element_spec
        attributes = ("output_types", iterator._flat_output_types, "output_shapes", iterator._flat_output_shapes)
        count = len(iterator._flat_output_types)

        def run() -> Any:
            values = execute.execute_with_cancellation(
                "IteratorGetNext", count, [resource], attributes, context.context(), manager
            )
            return structure.from_compatible_tensor_list(spec, values)

        self._manager, self._execute = manager, run


def stopped_by_ctrl_c(draw: Callable[[], Any], stop: Callable[[], None]) -> Any:
    """Returns what ``draw`` gives, which waits in TensorFlow; Ctrl-C calls ``stop`` at once, in another thread.

    Only the main thread is interrupted, so that elsewhere it is simply called.
    """
    if threading.current_thread() is not threading.main_thread():
        return draw()
    return _watch_of(os.getpid()).over(draw, stop)


class _Watch:
    """Sees Ctrl-C while the main thread waits in TensorFlow: Python itself sees it only after the wait.

    Python writes the number of each signal to a file descriptor as it comes, and a thread reads there. It is made once
    and stays: a descriptor that is closed may become a file's, and signals would be written into that.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()  # Windows takes nothing else
        self._writer.setblocking(False)
        self._stop: Callable[[], None] | None = None
        self._other = -1
        threading.Thread(target=self._work, name="tfnp_ext sees Ctrl-C", daemon=True).start()

    def over(self, draw: Callable[[], Any], stop: Callable[[], None]) -> Any:
        """Returns what ``draw`` gives; Ctrl-C calls ``stop``."""
        own = self._writer.fileno()
        self._stop = stop
        try:
            other = signal.set_wakeup_fd(own, warn_on_full_buffer=False)
            if other != own:  # else Ctrl-C came before it was given back
                self._other = other
            return draw()
        finally:
            self._stop = None
            signal.set_wakeup_fd(self._other)

    def _work(self) -> None:
        while True:
            for number in self._reader.recv(64):
                stop = self._stop
                # A handler of the user's may do anything but end the wait.
                if number == signal.SIGINT and stop is not None and ends_at_ctrl_c():
                    stop()
                if self._other >= 0:  # an event loop's
                    with contextlib.suppress(OSError):
                        os.write(self._other, bytes((number,)))


@cache
def _watch_of(process: int) -> _Watch:
    """Returns the one of a process: one that was forked has none of the threads, and needs its own."""
    return _Watch()


def ends_at_ctrl_c() -> bool:
    """Returns whether Ctrl-C raises ``KeyboardInterrupt``, as it does where nobody has asked for anything else."""
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler
