"""Pictures of values: which plot suits, what it draws, and its blocks in a card.

One file a plot: a new one is a class decorated with ``register_plot``, and a line here. Matplotlib and Pillow are
imported only when something is drawn.
"""

from __future__ import annotations

from tfnp_ext.plots.asked import as_asked, fitting_plot
from tfnp_ext.plots.bars import BarPlot
from tfnp_ext.plots.base import PLOTS, STYLE, Plot, Style, choose_plot, register_plot
from tfnp_ext.plots.confusion import ConfusionPlot
from tfnp_ext.plots.counts import CountsPlot
from tfnp_ext.plots.drawing import figure_of, plot
from tfnp_ext.plots.filters import FiltersPlot
from tfnp_ext.plots.gallery import GalleryPlot
from tfnp_ext.plots.heatmaps import HeatmapPlot
from tfnp_ext.plots.histograms import HistogramPlot
from tfnp_ext.plots.images import GridPlot, ImagePlot
from tfnp_ext.plots.lengths import LengthsPlot
from tfnp_ext.plots.lines import LinePlot
from tfnp_ext.plots.phase import PhasePlot
from tfnp_ext.plots.spy import SpyPlot

__all__ = [
    "PLOTS",
    "STYLE",
    "BarPlot",
    "ConfusionPlot",
    "CountsPlot",
    "FiltersPlot",
    "GalleryPlot",
    "GridPlot",
    "HeatmapPlot",
    "HistogramPlot",
    "ImagePlot",
    "LengthsPlot",
    "LinePlot",
    "PhasePlot",
    "Plot",
    "SpyPlot",
    "Style",
    "as_asked",
    "choose_plot",
    "figure_of",
    "fitting_plot",
    "plot",
    "register_plot",
]
