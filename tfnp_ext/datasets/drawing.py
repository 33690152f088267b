"""Drawing elements: one after the other, each error with the place of its element, and an end to waiting.

A pipeline may block for ever (a worker of tf.data service that was killed), and while TensorFlow waits in C++ Python
sees no Ctrl-C. So elements are drawn, and used, in a thread of their own, and the thread that asked only watches.
"""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from tfnp_ext import wording
from tfnp_ext.datasets.pipeline import runs_python
from tfnp_ext.datasets.progress import Progress
from tfnp_ext.datasets.waiting import Next, ends_at_ctrl_c, stopped_by_ctrl_c
from tfnp_ext.errors import ConversionError, reason, warn_caller

_PULSE = 0.1
"""Seconds between two looks at how far the thread has come."""

_PATIENCE = 0.3
"""Seconds that a thread gets to notice that its wait is cancelled, before it is left to itself."""

_MOST_FAILED_IN_A_ROW = 1000
"""Failing elements after which a pipeline is taken to fail for good: skipping them would never end."""

_MOST_OF_A_KNOWN_NUMBER = 100_000
"""The same where it is known how many elements there are, which users may have asserted wrongly."""

_SKIPS_NAMED = 3

_IN_A_FUNCTION = re.compile(r"^Error in user-defined function passed to \w+:\d+ transformation with iterator: \S+: ")
"""What TensorFlow writes before the error of a function that was mapped."""

_REPLACED = "REPLACED BY KeyboardInterrupt"
"""What is in an error that TensorFlow was just making when Ctrl-C came."""

_LEFT_OUT = "on_error='skip' leaves it out"

_TRUSTED, _AT_ONCE = 8, 0.002
"""So many elements in a row that came within so many seconds let the next be drawn without another thread."""

Receive = Callable[[Any, int], None]
"""Takes an element and its index."""


@dataclass
class Drawn:
    """How far drawing came.

    Attributes:
        elements: How many elements were drawn and used.
        skipped: Index and cause of the first elements that failed and were skipped.
        skips: How many were skipped.
        failed_last: Whether the last that was asked for failed, so that it may have taken the rest with it.
        fails_for_good: How many failed in a row where that was too many to ask for more, else 0.
        ended: Why there are no more: all were drawn, or as many as asked for, or none came in time, or Ctrl-C.
    """

    elements: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)
    skips: int = 0
    failed_last: bool = False
    fails_for_good: int = 0
    ended: Literal["all", "timeout", "interrupted"] = "all"

    def skips_in_words(self, counted: Callable[[int], str]) -> str:
        """Returns which elements were skipped, and why the first was; ``""`` where none was.

        Args:
            counted: Says a number of elements in words.
        """
        if not self.skips:
            return ""
        places = ", ".join(wording.integer(place) for place, _ in self.skipped)
        more = " …" if self.skips > len(self.skipped) else ""
        said = f"{counted(self.skips)} failed and {'was' if self.skips == 1 else 'were'} skipped ({places}{more})"
        said += f": {self.skipped[0][1]}"
        if self.fails_for_good:
            return f"{said}; no more were drawn after {wording.integer(self.fails_for_good)} failed in a row"
        return f"{said}; nothing came after: what fails may end its source" if self.failed_last else said


class Drawing:
    """Draws elements and hands each on, until there are no more, or enough, or none in time.

    Args:
        source: What is iterated: a dataset, or an iterator.
        take: How many elements are drawn at most.
        timeout: Seconds to wait for one element.
        on_error: ``raise`` or ``skip``.
        what: The source in words, for errors.
        opened: What is done with each element before it is handed on; like the pipeline it may block, or fail.
        count: How many elements there are, where that is known: so many may fail, one after the other.
    """

    def __init__(
        self,
        source: Any,
        *,
        take: int | None,
        timeout: float | None,
        on_error: str,
        what: str,
        opened: Callable[[Any], Any] = lambda element: element,
        count: int | None = None,
    ) -> None:
        self._most_failed = max(_MOST_FAILED_IN_A_ROW, min(count or 0, _MOST_OF_A_KNOWN_NUMBER))
        self._take, self._timeout, self._skips, self._what = take, timeout, on_error == "skip", what
        self._opened = opened
        self._source = source
        self._next: Next | None = None
        self._drawn = Drawn()
        self._failure: BaseException | None = None
        self._stopping = False
        self._interrupted = False
        self._waiting_since: float | None = None
        self._using = threading.Lock()
        self._done = threading.Event()

    def run(self, receive: Receive, progress: Progress, bytes_so_far: Callable[[], int]) -> Drawn:
        """Draws, and returns how far it came; an element is handed on whole or not at all.

        Args:
            receive: Takes each element; it is called in another thread, never twice at a time.
            progress: Where the state is shown.
            bytes_so_far: Says how many bytes were received.

        Raises:
            ConversionError: An element failed, or could not be used.
        """
        thread = threading.Thread(target=self._work, args=(receive,), name="tfnp_ext draws elements", daemon=True)
        with interrupts_held() as ctrl_c:
            try:
                thread.start()
                while not (self._done.wait(_PULSE) or ctrl_c.came or self._is_overdue()):
                    progress.update(self._drawn.elements, bytes_so_far())
                if ctrl_c.came:
                    self._stop("interrupted")
                elif not self._done.is_set():
                    self._stop("timeout")
            except KeyboardInterrupt:  # of a handler that is not held
                self._stop("interrupted")
            except BaseException:  # else it would go on drawing, for nobody
                self._stop("interrupted")
                raise
            finally:
                progress.close()
        if self._failure is not None and self._drawn.ended == "all":
            raise self._failure
        return self._drawn

    def _is_overdue(self) -> bool:
        """Returns whether an element has been waited for longer than is wanted."""
        since = self._waiting_since
        return self._timeout is not None and since is not None and time.monotonic() - since > self._timeout

    def _stop(self, why: Literal["timeout", "interrupted"]) -> None:
        """Ends the drawing; when it returns, no element is being used, nor will one be."""
        self._end()
        self._done.wait(_PATIENCE)
        with self._using:  # what is being written is written to its end
            self._drawn.ended = why

    def _end(self) -> None:
        """Asks the thread to end, and TensorFlow to end its wait."""
        self._stopping = True
        if self._next is not None:
            self._next.cancel()

    def _interrupt(self) -> None:
        """Ends the drawing for Ctrl-C, from another thread."""
        self._interrupted = True
        self._end()

    @cached_property
    def _needs_no_thread(self) -> bool:
        """Whether all that is to end a wait can end it in the caller's own thread: Ctrl-C, but no time limit."""
        if self._timeout is not None or self._next is None or not self._next.can_be_cancelled:
            return False
        return not runs_python(self._source)

    def handed_over(self, counted: Callable[[int], str]) -> Iterator[Any]:
        """Yields the elements; the thread draws one only when it is asked for.

        Handing over takes as long as a quick pipeline does. So where several elements in a row came at once, there is
        no time limit and TensorFlow can end its waits, the next is drawn in the caller's own thread, until one takes
        its time.

        Args:
            counted: Says a number of elements in words.

        Raises:
            ConversionError: An element failed.
        """
        elements, at_once, said = self._elements(), 0, ""
        handing = _HandOver(elements, self._is_overdue)
        try:
            handing.begin()
            while True:
                began = time.perf_counter()
                trusted = at_once >= _TRUSTED and self._needs_no_thread
                try:
                    arrived = [stopped_by_ctrl_c(elements.__next__, self._interrupt)[1] if trusted else handing.next()]
                except StopIteration:
                    if self._interrupted:
                        raise KeyboardInterrupt from None
                    return
                except _OverdueError:
                    came = f"{counted(self._drawn.elements)} came"
                    said = f"{self._what}: no element within {self._timeout:g} s: {came}"
                    return
                at_once = at_once + 1 if time.perf_counter() - began < _AT_ONCE else 0
                self._drawn.elements += 1
                yield arrived.pop()  # nothing here holds it while the next is made
        finally:
            self._end()
            handing.end()
            warn_caller(one for one in (said, self._drawn.skips_in_words(counted)) if one)

    def _work(self, receive: Receive) -> None:
        try:
            for index, element in self._elements():
                with self._using:
                    if self._stopping:
                        return
                    receive(element, index)
                    self._drawn.elements += 1
                del element  # its memory can be had again for the next
        except BaseException as error:
            self._failure = error
        finally:
            self._done.set()

    def _elements(self) -> Iterator[tuple[int, Any]]:
        """Yields index and element, without those that fail where they are to be skipped."""
        index, failed_in_a_row = 0, 0
        self._waiting_since = time.monotonic()
        self._next = draw = Next(begun(self._source, self._what))  # in this thread: it blocks where a service is gone
        while not self._stopping and (self._take is None or self._drawn.elements < self._take):
            self._waiting_since = time.monotonic()
            try:
                element = self._opened(draw())
            except StopIteration:
                self._drawn.failed_last = failed_in_a_row > 0
                return
            except Exception as error:
                if self._stopping:
                    return
                if _REPLACED in str(error):
                    raise KeyboardInterrupt from None
                failed_in_a_row += 1
                if not self._skips:
                    raise ConversionError(f"{failed(self._what, index, error)} ({_LEFT_OUT})") from error
                self._drawn.skips += 1
                if len(self._drawn.skipped) < _SKIPS_NAMED:
                    self._drawn.skipped.append((index, cause(error)))
                if failed_in_a_row >= self._most_failed:
                    if not self._drawn.elements:
                        first = f"{self._what}: the first {wording.plural(failed_in_a_row, 'element')} failed"
                        raise ConversionError(f"{first}: {cause(error)}") from error
                    self._drawn.fails_for_good = failed_in_a_row
                    return
            else:
                self._waiting_since, failed_in_a_row = None, 0
                yield index, element
                del element  # its memory can be had again for the next
            index += 1


class _OverdueError(Exception):
    """An element did not come in time."""


class _HandOver:
    """Has a thread of its own draw the next element whenever it is asked for one.

    Args:
        elements: What is drawn from; the caller may draw from it too, while it waits for none here.
        is_overdue: Says whether the wait for an element is to end.
    """

    def __init__(self, elements: Iterator[tuple[int, Any]], is_overdue: Callable[[], bool]) -> None:
        self._elements, self._is_overdue = elements, is_overdue
        self._asked, self._ended = threading.Semaphore(0), False
        # No queue: the wait of CPython's SimpleQueue never ends where a signal's handler takes longer than its timeout.
        self._came = threading.Lock()
        self._came.acquire()
        self._drawn: tuple[Any, BaseException | None] = None, None
        self._thread = threading.Thread(target=self._work, name="tfnp_ext draws elements", daemon=True)

    def begin(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def next(self) -> Any:
        """Returns the next element.

        Raises:
            StopIteration: There is none.
            _OverdueError: It did not come in time.
            KeyboardInterrupt: Ctrl-C.
        """
        self._asked.release()
        with interrupts_held() as ctrl_c:  # one that is raised where memory is collected would be lost
            # A longer wait may keep Ctrl-C waiting.
            while not (ctrl_c.came or self._came.acquire(timeout=_PULSE)):
                if self._is_overdue():
                    raise _OverdueError
        if ctrl_c.came:
            raise KeyboardInterrupt
        (element, error), self._drawn = self._drawn, (None, None)
        if error is not None:
            raise error
        return element

    def end(self) -> None:
        """Lets the thread end, as soon as it waits for nothing."""
        self._ended = True
        self._asked.release()

    def _work(self) -> None:
        while True:
            self._asked.acquire()
            if self._ended:
                return
            try:
                self._drawn = next(self._elements)[1], None
            except BaseException as error:
                self._drawn = None, error
                return
            finally:
                self._came.release()


class HeldInterrupts:
    """The handler of Ctrl-C that only keeps in mind that it came.

    Attributes:
        came: Whether it did.
    """

    came = False

    def __call__(self, *signal_and_frame: Any) -> None:
        """Is called by Python."""
        self.came = True


@contextlib.contextmanager
def interrupts_held() -> Iterator[HeldInterrupts]:
    """Has Ctrl-C end nothing within, and says whether it came; whoever holds it has to act on that, or to mean not to.

    Within another of its kind both see it. A handler of the user's stays, and other threads are never interrupted.
    """
    held = HeldInterrupts()
    if threading.current_thread() is not threading.main_thread():
        yield held
    elif isinstance(handler := signal.getsignal(signal.SIGINT), HeldInterrupts):
        yield handler
    elif not ends_at_ctrl_c():
        yield held
    else:
        signal.signal(signal.SIGINT, held)
        try:
            yield held
        finally:
            signal.signal(signal.SIGINT, handler)


def begun(source: Iterable[Any], what: str) -> Iterator[Any]:
    """Returns an iterator over a dataset.

    Raises:
        ConversionError: The pipeline cannot be begun.
    """
    try:
        return iter(source)
    except Exception as error:
        raise ConversionError(f"{what} cannot be run: {cause(error)}") from error


def failed(what: str, index: int, error: BaseException) -> ConversionError:
    """Returns the error for an element that a pipeline could not make."""
    return ConversionError(f"{what}: element {wording.integer(index)} failed: {cause(error)}")


def cause(error: BaseException) -> str:
    r"""Returns why an element failed, as one line: of the user's own Python the exception, without its traceback.

    Example:
        >>> cause(ValueError("{{function_node f}} ValueError: bad byte\nTraceback (most recent call last):"))
        'ValueError: bad byte'
    """
    if isinstance(error, UnicodeDecodeError):  # TensorFlow's message quotes the bytes that it could not parse
        error = ValueError(error.object.decode("utf-8", "backslashreplace"))
    said = reason(error)
    while said.startswith("{{") and "}}" in said:
        said = said.partition("}}")[2].strip()
    said = _IN_A_FUNCTION.sub("", said.partition(" [Op:")[0]).strip()
    return said or type(error).__name__
