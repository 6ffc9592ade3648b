"""Pictures of MDPs: one geometry, written as SVG or TikZ.

layout    where the states stand (lines, circles, grids, springs), and the angles of the actions around them
routing   the curves of the outcomes, and where their labels fit
captions  what is said in words
geometry  all of it for one MDP
svg, tikz two writers of the same geometry
"""

from pgsym.model.drawing.geometry import is_drawable as is_drawable
from pgsym.model.drawing.svg import svg as svg
from pgsym.model.drawing.tikz import tikz as tikz
