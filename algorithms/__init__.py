"""Learners, their search, and the judges that compare them on one budget."""

from goenv.kernel_cache import track

track(__name__, __file__)
