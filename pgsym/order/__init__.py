"""The sign of an exact rational function on a product domain: proofs, witnesses, and where it changes.

`decide.decide_sign` climbs a ladder of rungs, cheapest first; each leaves a certificate of `certificates`, which
`checker` re-verifies without knowing how it was found.  Knows no MDP and no claim.
"""

from pgsym.order.certificates import SignCertificate as SignCertificate
from pgsym.order.decide import SignStatus as SignStatus
from pgsym.order.decide import SignVerdict as SignVerdict
from pgsym.order.decide import decide_sign as decide_sign
from pgsym.order.kinds import Kind as Kind
from pgsym.order.kinds import SimplexRow as SimplexRow
from pgsym.order.largest import decide_largest as decide_largest
from pgsym.order.one_variable import BreakPoint as BreakPoint
from pgsym.order.one_variable import SignInterval as SignInterval
from pgsym.order.polynomials import fraction_of as fraction_of
from pgsym.order.sharpest import SharpConstant as SharpConstant
from pgsym.order.sharpest import sharpen as sharpen
from pgsym.order.system import decide_system as decide_system
