"""Tree search over many games at once; see `algorithms.search.search`."""

from algorithms.search.config import SearchConfig
from algorithms.search.search import Search, SearchResult

__all__ = ["Search", "SearchConfig", "SearchResult"]
