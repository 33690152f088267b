"""Elements of a dataset, gathered into columns: to arrays in memory here, to files in ``storage``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from tfnp_ext import wording
from tfnp_ext.adapters import Conversion, copy_refused
from tfnp_ext.datasets.columns import Column, Joining, RaggedColumn, SparseColumn, VaryingColumn, column_for
from tfnp_ext.datasets.drawing import Drawing, Drawn, interrupts_held
from tfnp_ext.datasets.progress import Progress
from tfnp_ext.datasets.sinks import MemorySink, NewSink
from tfnp_ext.datasets.source import Source, refuse_endless, refuse_text
from tfnp_ext.errors import ConversionError, ConversionInterrupted

_FILLED = {"pad": "; shorter ones filled up", "masked": "; shorter ones filled up and masked"}
_TO_DISK = "or save it batch by batch: tfnp_ext.save(dataset, 'data.npz')"
"""The magic's way is written from it, as are its options from keywords."""


class Gathering:
    """The columns of a dataset, and the drawing of its elements into them.

    Args:
        source: The dataset.
        conversion: What the user asks for.
        new_sink: Makes a sink from the place of a column and the name of an array.

    Attributes:
        kept: How many elements the columns have from a former run: as many are left out when they come.

    Raises:
        ConversionError: The dataset is endless, or an option does not fit.
    """

    kept = 0

    def __init__(self, source: Source, conversion: Conversion, new_sink: Callable[[int, str], Any]) -> None:
        refuse_endless(source, conversion.take)
        refuse_text(source, conversion)
        if conversion.copy is False:
            raise copy_refused(source.kind)
        self.source, self.conversion = source, conversion
        self.joined = source.joined(conversion)
        self.elements = source.elements(conversion.take)
        joining = Joining(self.joined, conversion, self.elements)
        self.columns: list[Column] = [
            column_for(leaf, joining, _sinks_of(new_sink, place)) for place, leaf in enumerate(source.structure.leaves)
        ]

    @property
    def nbytes(self) -> int:
        """Bytes of all columns so far."""
        return sum(column.nbytes for column in self.columns)

    def estimated_bytes(self) -> int | None:
        """Returns about how many bytes all elements take that will be drawn; ``None`` where that cannot be told."""
        size = self.source.estimated_bytes()
        if size is None or not self.source.cardinality or self.elements is None:
            return None
        return size * self.elements // self.source.cardinality

    def run(self, after: Callable[[int], None] | None = None) -> Drawn:
        """Draws the elements into the columns.

        Args:
            after: Is called after each element with its index.

        Raises:
            ConversionError: An element failed, or does not fit those before.
        """

        def receive(values: Any, index: int) -> None:
            self._receive(values, index)
            if after is not None:
                after(index)

        take = self.conversion.take
        iterable = self.source.iterable
        if take is not None and hasattr(iterable, "take"):
            iterable = iterable.take(take)  # so that nothing beyond is prefetched
        drawing = Drawing(
            iterable,
            take=take,
            timeout=self.conversion.timeout,
            on_error=self.conversion.on_error,
            what=self.source.kind,
            opened=self.source.structure.flatten,
            count=max(self.source.cardinality, 0),
        )
        progress = Progress(self.conversion.progress, self.elements, self.source.unit, kept=self.kept)
        held = self.nbytes
        drawn = drawing.run(receive, progress, lambda: self.nbytes - held)
        for column in self.columns:
            try:
                column.close()
            except ConversionError as error:
                raise type(error)(f"{self.source.kind} has no element{_place(column)}: {error}") from error
        return drawn

    def _receive(self, values: Any, index: int) -> None:
        for column, value in zip(self.columns, values, strict=True):
            try:
                column.add(value)
            except ConversionError as error:
                where = f"{self.source.kind}: element {wording.integer(index)}{_place(column)}"
                raise type(error)(f"{where} {str(error).lstrip()}") from error

    def told(self, drawn: Drawn) -> str:
        """Returns what was done, for the card."""
        how = ", concatenated" if self.joined == "concat" else ", stacked along a new first axis"
        if self.joined == "concat" and drawn.elements == 1:
            how = ""
        if self.joined == "concat" and self.conversion.join == "auto" and self.source.doubt:
            how += f": batches, {self.source.doubt}; join='stack' keeps elements apart"
        if any(isinstance(column, (VaryingColumn, RaggedColumn)) for column in self.columns):
            how += _FILLED.get(self.conversion.ragged or "", "")
        take, there = self.conversion.take, self.source.cardinality
        of = there if take is not None and take < there else None
        return f"the pipeline was run: {self.source.counted(drawn.elements, of)}{how}"

    def warned(self, drawn: Drawn) -> list[str]:
        """Returns why this is not all of the dataset, for the user."""
        said = [drawn.skips_in_words(self.source.counted)]
        came = f"{self.source.counted(drawn.elements)} came"
        if drawn.ended == "timeout":
            said.append(f"no element within {self.conversion.timeout:g} s: {came} until then")
        if drawn.ended == "interrupted":
            said.append(f"stopped: {came} until then")
        if self.source.repeats():
            said.append("every worker of tf.data service gives all elements (parallel_epochs): they come repeatedly")
        return [one for one in said if one]


def _place(column: Column) -> str:
    """Returns where in an element a column is, for the middle of a sentence."""
    return column.leaf.path and f", {column.leaf.path},"


def _sinks_of(new_sink: Callable[[int, str], Any], place: int) -> NewSink:
    return lambda name: new_sink(place, name)


def collect(source: Source, conversion: Conversion) -> Any:
    """Returns the elements of a dataset as arrays in the structure of an element.

    Args:
        source: The dataset or the iterator.
        conversion: What the user asks for.

    Raises:
        ConversionError: It is endless, over ``max_bytes``, or its elements fail or do not fit together.
        ConversionInterrupted: Ctrl-C.
    """
    with interrupts_held() as ctrl_c:  # it ends the drawing, but not that what came is put together
        try:
            gathering = Gathering(source, conversion, lambda place, name: MemorySink())
            _refuse_too_large(gathering)
            drawn = gathering.run(after=lambda index: _refuse_grown(gathering, index))
            result = _put_together(gathering)
        except ConversionError as error:
            if ctrl_c.came:
                raise ConversionInterrupted(f"{source.kind} stopped, and what came is lost: {error}") from error
            raise
    if ctrl_c.came:
        drawn.ended = "interrupted"
    conversion.told.append(gathering.told(drawn))
    conversion.warned.extend(gathering.warned(drawn))
    if drawn.ended == "interrupted":
        raise ConversionInterrupted(
            f"{source.kind} stopped after {source.counted(drawn.elements)}: they are this exception's .partial"
            " (sys.last_value.partial)",
            result,
        )
    return result


def _put_together(gathering: Gathering) -> Any:
    """Returns the columns, which are in memory, as arrays in the structure of an element."""
    taken = replace(gathering.conversion, copy=None)
    results = []
    for column in gathering.columns:
        sinks = cast("dict[str, MemorySink]", dict(column.sinks))
        values = sinks.pop("values")
        arrays = {name: sink.finish() for name, sink in sinks.items()}
        arrays["values"] = values.finish(column.room(arrays))
        what = f"{gathering.source.kind}{column.leaf.path}"
        results.append(type(column).result(arrays, column.facts, taken, what, own=True))
    return gathering.source.structure.rebuild(results)


def _refuse_too_large(gathering: Gathering) -> None:
    """Raises a ``ConversionError`` where it is known before that ``max_bytes`` will not do."""
    source, most = gathering.source, gathering.conversion.max_bytes
    size = gathering.estimated_bytes()
    if size is not None and size > most:
        raise ConversionError(
            f"{source.kind} of {source.counted(gathering.elements or 0)} would take about {wording.byte_count(size)},"
            f" more than max_bytes={wording.byte_count(int(most))}: take fewer with take=, raise max_bytes=, {_TO_DISK}"
        )


def _refuse_grown(gathering: Gathering, index: int) -> None:
    """Raises a ``ConversionError`` where what came is over ``max_bytes``, or surely will be."""
    most = gathering.conversion.max_bytes
    size = gathering.nbytes + sum(
        column.dense_bytes
        for column in gathering.columns
        if isinstance(column, SparseColumn) and gathering.conversion.sparse == "dense"
    )
    if size > most:
        what, way_out = "", "take fewer with take=, raise max_bytes="
        if size > gathering.nbytes:
            what, way_out = " as dense arrays", f"sparse='scipy' keeps what is stored; or {way_out}"
        raise ConversionError(
            f"{gathering.source.kind} came to {wording.byte_count(size)}{what} with element {wording.integer(index)},"
            f" more than max_bytes={wording.byte_count(int(most))}: {way_out}, {_TO_DISK}"
        )
