"""The neighbours: other libraries, in and out; docs/neighbours.md has a recipe for each.

File formats are in `pgsym.model.formats`, Storm's own models in `pgsym.model.files.storm`.

stormvogel      stormvogel's models
toolboxes       pymdptoolbox, QuantEcon
environments    gymnasium, and pure functions for JAX
functions       closed forms as NumPy or JAX functions of theta

Names load on first use: who reads a model file does not pay for the neighbours.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgsym.interchange.environments import to_gymnasium as to_gymnasium
    from pgsym.interchange.environments import to_jax as to_jax
    from pgsym.interchange.functions import function as function
    from pgsym.interchange.stormvogel import from_stormvogel as from_stormvogel
    from pgsym.interchange.stormvogel import to_stormvogel as to_stormvogel
    from pgsym.interchange.toolboxes import from_pymdptoolbox as from_pymdptoolbox
    from pgsym.interchange.toolboxes import from_quantecon as from_quantecon
    from pgsym.interchange.toolboxes import to_pymdptoolbox as to_pymdptoolbox
    from pgsym.interchange.toolboxes import to_quantecon as to_quantecon

# Which module has each name.
_HOMES = {
    "from_pymdptoolbox": "toolboxes",
    "from_quantecon": "toolboxes",
    "from_stormvogel": "stormvogel",
    "function": "functions",
    "to_gymnasium": "environments",
    "to_jax": "environments",
    "to_pymdptoolbox": "toolboxes",
    "to_quantecon": "toolboxes",
    "to_stormvogel": "stormvogel",
}


def __getattr__(name: str) -> object:
    """The name, from the module where it lives (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
