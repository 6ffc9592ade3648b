"""Closed forms over any field: stationary distributions, values, objectives and their derivatives."""

from pgsym.exact.optimum import Optimum as Optimum
from pgsym.exact.optimum import optimal as optimal
from pgsym.exact.region_table import OptimalRegions as OptimalRegions
from pgsym.exact.solution import Solution as Solution
from pgsym.exact.solution import solve as solve
