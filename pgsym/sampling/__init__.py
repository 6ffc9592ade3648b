"""Monte Carlo: the same quantities from samples, sharing with the exact route only definitions.

`tables` turns a model into arrays; `program` is the trajectory as a readable NumPyro program; `kernel` samples
the same distribution fast; `plan` says what is summed; `estimate` runs it.
"""

from pgsym.sampling.estimate import estimate as estimate
from pgsym.sampling.program import trajectory_program as trajectory_program
from pgsym.sampling.result import Distance as Distance
from pgsym.sampling.result import Estimate as Estimate
from pgsym.sampling.tables import Tables as Tables
from pgsym.sampling.tables import build_tables as build_tables
