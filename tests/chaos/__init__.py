"""Runs under fire: workers, kernels, clocks and the database are killed; nothing is lost and nothing happens twice."""
