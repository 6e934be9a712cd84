"""Benchmarks: how fast the environment is, beside others."""
