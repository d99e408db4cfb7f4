"""Daybook: notebooks in, reports that stay true out.

Rooms, in the order the data goes. The notebook is the boundary: `metrics` and `display` are what
a notebook imports, everything after it is machinery that never looks inside one.

    ground         errors, workspace, values, parameters, database, warehouse
    notebook side  metrics, display, notebook
    machinery      kernels, rendering, snapshots, delivery, runs, portal, cli
"""

__version__ = "0.1.0"
