"""Studies: models x estimators x sample sizes x repetitions, on many workers, with nothing lost.

schema    the study file
settings  what the file asks for, resolved: every model, point, estimator and horizon written out
shards    the work, cut into pieces that depend on the study alone, and one of them done on whatever machine
store     the one SQLite file
result    what stands in the file, and bias and variance against n as a picture
run       from the study file to the finished results, by processes of this machine, of which a killed one is replaced,
          or of a dask.distributed cluster
summary   what the results say: bias and variance, sampled and exact
"""

from pgsym.study.result import StudyResult as StudyResult
from pgsym.study.run import run_study as run_study
from pgsym.study.settings import Study as Study
from pgsym.study.settings import load_study as load_study
from pgsym.study.store import Store as Store
