"""Tree search over many games at once; see `algorithms.search.search`."""

from algorithms.search.search import Search, SearchConfig, SearchResult

__all__ = ["Search", "SearchConfig", "SearchResult"]
