"""PNGs written by hand: small enough for a line of text or made sixteen at a time, without any imaging library."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

SUB, UP = 1, 2
"""Filter types of a scanline: the difference from the pixel to the left, from the one above.

Source: PNG specification, third edition, section 9.2.
"""

_GREY, _PALETTE = 0, 3


def palette_png(pixels: np.ndarray, palette: Sequence[tuple[int, int, int, int]]) -> bytes:
    """Returns a PNG of palette indices [H, W], uint8; the palette holds red, green, blue and alpha of each.

    Up to four colours take two bits a pixel, as the PNG specification, section 7.2, packs them.
    """
    height, width = pixels.shape
    bits = 2 if len(palette) <= 4 else 8
    scanlines = np.zeros((height, 1 + (-(-width // 4) if bits == 2 else width)), np.uint8)
    scanlines[:, 1:] = _packed(pixels) if bits == 2 else pixels
    colours = _chunk(b"PLTE", bytes(part for colour in palette for part in colour[:3]))
    colours += _chunk(b"tRNS", bytes(colour[3] for colour in palette))
    return _png(width, height, bits, _PALETTE, colours, zlib.compress(scanlines.tobytes(), 9))


def grey_png(scanlines: bytes, width: int, height: int, *, runs: bool = False) -> bytes:
    """Returns a PNG of 8-bit grey.

    Args:
        scanlines: The rows, each behind its filter type.
        width: Pixels of a row.
        height: How many rows there are.
        runs: Whether only runs of equal bytes are looked for: in noise there is nothing else, and it takes a third of
            the time.
    """
    packer = zlib.compressobj(6, strategy=zlib.Z_RLE if runs else zlib.Z_DEFAULT_STRATEGY)
    return _png(width, height, 8, _GREY, b"", packer.compress(scanlines) + packer.flush())


def _png(width: int, height: int, bits: int, colour_type: int, colours: bytes, packed: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + colours + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _packed(pixels: np.ndarray) -> np.ndarray:
    """Returns four pixels in each byte, the leftmost in its highest bits."""
    missing = -pixels.shape[1] % 4
    padded = np.pad(pixels, ((0, 0), (0, missing))) if missing else np.ascontiguousarray(pixels)
    # As one number of 32 bits the leftmost pixel is in its lowest; times 2**30 + 2**20 + 2**10 + 1 the four of them
    # are beside each other in its highest byte, and nothing below carries into it.
    packed: np.ndarray = padded.view("<u4") * np.uint32(0x40100401) >> np.uint32(24)
    return packed


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
