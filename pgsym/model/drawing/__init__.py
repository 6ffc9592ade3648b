"""Pictures of MDPs: one geometry (layout, routing, captions), which svg and tikz write."""

from pgsym.model.drawing.geometry import is_drawable as is_drawable
from pgsym.model.drawing.svg import svg as svg
from pgsym.model.drawing.tikz import tikz as tikz
