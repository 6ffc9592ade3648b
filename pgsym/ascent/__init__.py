"""Gradient ascent: exact, natural and sampled directions from one start, with the exact J along every path."""

from pgsym.ascent.ascend import ascend as ascend
from pgsym.ascent.result import Ascent as Ascent
from pgsym.ascent.result import Path as Path
from pgsym.exact.landscape import Landscape as Landscape
