"""Shows a dataset version as pictures and a page.

``draw_card`` turns one sample into small pictures, ``render_page`` puts many of them on one HTML
page, ``contact_sheet`` on one picture. Nothing here reads or writes files.
"""

from kizu.report.card import Card, CardPictures, CardWords, Evidence, Found, Metric
from kizu.report.card_pictures import draw_card
from kizu.report.contact_sheet import contact_sheet
from kizu.report.index import ShownCard
from kizu.report.page import Page, render_page
from kizu.report.translations import Language

__all__ = [
    "Card",
    "CardPictures",
    "CardWords",
    "Evidence",
    "Found",
    "Language",
    "Metric",
    "Page",
    "ShownCard",
    "contact_sheet",
    "draw_card",
    "render_page",
]
