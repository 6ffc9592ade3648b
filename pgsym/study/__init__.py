"""Studies: models x estimators x sample sizes x repetitions, on many workers, with nothing lost.

A study file (`schema`) is resolved (`settings`), cut into `shards`, drawn (`run`), kept (`store`) and read (`summary`).
"""

from pgsym.study.result import StudyResult as StudyResult
from pgsym.study.run import run_study as run_study
from pgsym.study.settings import Study as Study
from pgsym.study.settings import load_study as load_study
from pgsym.study.store import Store as Store
