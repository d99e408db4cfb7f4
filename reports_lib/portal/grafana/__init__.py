"""Dashboards of Grafana, as files to take away."""
