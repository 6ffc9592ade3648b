"""Storm's explicit format DRN: https://www.stormchecker.org/documentation/background/drn.html.

Carried exactly: probabilities, rewards r(s,a), symbols, one start state, and in one comment line what Storm has no
place for: names, terminal states, assumptions.  Not carried: a discount factor, a start distribution, rewards that
differ between outcomes of one action, a policy.
"""

from pgsym.model.files.drn.reading import loads as loads
from pgsym.model.files.drn.writing import dumps as dumps
