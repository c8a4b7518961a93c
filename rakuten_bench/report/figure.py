"""A figure that a notebook shows, whatever its matplotlib backend."""

from __future__ import annotations

import io
import warnings

from matplotlib import figure


class Figure(figure.Figure):
    """A figure made without pyplot, so without global state.

    A notebook shows such a figure only by the method that it looks for; that of
    `%matplotlib inline` has priority.
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            self.savefig(buffer, format="png")
        return buffer.getvalue()
