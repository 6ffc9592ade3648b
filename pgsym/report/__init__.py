"""How results are shown: plain data, terminal tables, files, and the report.  Computes nothing.

The package is called like the verb, and can be called: ``pgsym.report(problem, "folder")`` writes the report about a
problem, as `pgsym.report.page.report` describes.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgsym.report.page import report as report


class _Verb(ModuleType):
    """A package that is a function too: importing any module of it sets ``pgsym.report`` to the package."""

    @property
    def report(self) -> ModuleType:
        return self

    def __call__(self, *args: Any, **options: Any) -> Any:
        from pgsym.report.page import report

        return report(*args, **options)


sys.modules[__name__].__class__ = _Verb
