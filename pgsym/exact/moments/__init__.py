"""The exact law of an estimator of grad J: its mean and covariance, and what follows from them.

Modules, each on top of those before it::

    transitions     one step of a run, outcome by outcome, with its score
      space           arithmetic on arrays of field elements;  floats: the same in float64
        lookahead       recursions for sum_t w^t z_t (U_t - b),  U_t = u_t + k U_{t+1}
        whole_return    recursions for REINFORCE
        baselines       the best constant and state-dependent baselines
    specification   from the description of an estimator to its recursion; when it has moments; its bias
    computation     elements, found when they are asked for
    law             what follows from them;  present: numbers as text;  sample_size: how many samples
    sweep           laws along one number of an estimator
    compute         `moments`, and `EstimatorLaw` as it is shown
"""

from pgsym.exact.moments.compute import EstimatorLaw as EstimatorLaw
from pgsym.exact.moments.compute import moments as moments
from pgsym.exact.moments.sweep import Sweep as Sweep
from pgsym.exact.moments.sweep import sweep as sweep
