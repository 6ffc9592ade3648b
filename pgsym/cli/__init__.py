"""The commands.

Exit status: 0 when what was asked holds, 1 when it is refuted or inconsistent, 2 for bad input.
"""

from pgsym.cli import audit as audit
from pgsym.cli import check as check
from pgsym.cli import estimators as estimators
from pgsym.cli import playground as playground
from pgsym.cli import prove as prove
from pgsym.cli import solve as solve
from pgsym.cli import study as study
from pgsym.cli import theorems as theorems
from pgsym.cli.app import app as app
from pgsym.cli.app import main as main
