"""Learners, their search, and the judges that compare them on one budget."""
