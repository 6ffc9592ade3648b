"""Loading a neighbour's package when it is asked for, and what to say where it is missing."""

from __future__ import annotations

import importlib
from typing import Any

from pgsym.errors import MissingExtraError


def optional(module: str, extra: str, what: str) -> Any:
    """The module of an optional package.

    Parameters
    ----------
    module
        Its dotted name.
    extra
        The extra of pgsym that installs it.
    what
        What needs it, in the plural, for the message.

    Raises
    ------
    MissingExtraError
        It is not installed, or cannot be imported by this Python.

    Examples
    --------
    >>> optional("json", "gym", "tests").loads("1")
    1
    >>> optional("no_such_package.part", "gym", "tests")
    Traceback (most recent call last):
      ...
    pgsym.errors.MissingExtraError: no_such_package: it is not installed; tests need it. Install pgsym[gym]
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(f"it is not installed; {what} need it. Install pgsym[{extra}]", where=package) from None
    except SyntaxError as error:
        raise MissingExtraError(
            f"this Python cannot read it ({error.msg}); {what} need it. Use a newer Python", where=package
        ) from None
