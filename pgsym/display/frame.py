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
    # Names and exact numbers stay the objects they are, and a missing one stays None, in every release of pandas.
    return pandas.DataFrame({
        name: pandas.Series(values, dtype=None if all(isinstance(v, int | float) for v in values) else object)
        for name, values in zip(columns, [[row[k] for row in rows] for k in range(len(columns))], strict=True)
    })  # fmt: skip
