"""The part of a report that moves: sliders, the quantities at every point, the graph, the field of grad J."""

from pgsym.reports.live.widget import Live as Live
from pgsym.reports.live.widget import font_face as font_face
from pgsym.reports.live.widget import live as live
