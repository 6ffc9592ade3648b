"""Results as pandas frames, where pandas is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgsym.errors import MissingExtraError


def data_frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    """A `pandas.DataFrame`; exact numbers stay SymPy expressions.

    Raises
    ------
    MissingExtraError
        pandas is not installed.

    Examples
    --------
    >>> data_frame(["state", "V"], [["s", 1], ["t", 2]])
      state  V
    0     s  1
    1     t  2
    """
    try:
        import pandas
    except ImportError:
        raise MissingExtraError("it is not installed; frames need it. Install pgsym[pandas]", where="pandas") from None
    return pandas.DataFrame([list(row) for row in rows], columns=list(columns))
