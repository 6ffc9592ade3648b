"""Storm's explicit format DRN: https://www.stormchecker.org/documentation/background/drn.html.

writing   MDP to text
reading   text to records
building  records to MDP
notes     the one comment line that carries what Storm has no place for: names, terminal states, assumptions

Carried exactly: probabilities, rewards r(s,a), symbols, one start state.  Not carried: a discount factor, a start
distribution, rewards that differ between outcomes of one action, a policy.
"""

from pgsym.interchange.drn.building import loads as loads
from pgsym.interchange.drn.writing import dumps as dumps
