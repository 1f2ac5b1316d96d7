"""The page on which people judge samples: ``kizu review``."""

from kizu.review_page.serve import PageAddress, serve_review

__all__ = ["PageAddress", "serve_review"]
