"""A PNG written by hand: small enough for a line of text, without any imaging library."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence


def palette_png(rows: Sequence[bytes], palette: Sequence[tuple[int, int, int, int]]) -> bytes:
    """Returns a PNG of rows of palette indices; the palette holds red, green, blue and alpha of each.

    Up to four colours take two bits a pixel, as the PNG specification, section 7.2, packs them.
    """
    width = len(rows[0])
    bits = 2 if len(palette) <= 4 else 8
    pixels = b"".join(b"\0" + (_packed(row) if bits == 2 else bytes(row)) for row in rows)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), bits, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for colour in palette for part in colour[:3])),
            _chunk(b"tRNS", bytes(colour[3] for colour in palette)),
            _chunk(b"IDAT", zlib.compress(pixels, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _packed(row: bytes) -> bytes:
    """Returns four pixels in each byte, the leftmost in its highest bits."""
    padded = row + bytes(-len(row) % 4)
    return bytes(
        padded[place] << 6 | padded[place + 1] << 4 | padded[place + 2] << 2 | padded[place + 3]
        for place in range(0, len(padded), 4)
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
