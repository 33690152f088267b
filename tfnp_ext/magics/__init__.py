"""``%tonumpy`` and ``%%tonumpy``: their options, their cells and their completion.

Nothing here registers itself: ``extension`` does, and undoes it. ``entry`` is what it registers.
"""

LINE = r"\s*(?:[^=%]*=\s*%|%{0,2})tonumpy\s"
"""The lines that are ours, as IPython matches them up to the cursor: also ``a = %tonumpy``, and without ``%``."""
