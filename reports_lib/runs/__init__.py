"""From a request to a sealed snapshot: resolve, execute, render, seal, record."""
