"""The report as one offline HTML page: text and tables ready made, charts drawn by plotly.js from data in the page."""

from tiermix.render.html.page import page

__all__ = ["page"]
