"""A PNG written by hand: small enough for a line of text, without any imaging library."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence


def palette_png(rows: Sequence[bytes], palette: Sequence[tuple[int, int, int, int]]) -> bytes:
    """Returns a PNG of rows of palette indices; the palette holds red, green, blue and alpha of each."""
    width = len(rows[0])
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for colour in palette for part in colour[:3])),
            _chunk(b"tRNS", bytes(colour[3] for colour in palette)),
            _chunk(b"IDAT", zlib.compress(pixels, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
