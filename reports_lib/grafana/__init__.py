"""Reports as live dashboards of Grafana, which asks a Postgres warehouse what the reports ask (TW-86, TW-122, TW-133).

    metrics/*.py      query(tables, shape)       the question of a report: which facts count, and as what
    <family>.py       PANELS                     what of it a dashboard shows, an Ibis expression over that question
    macros.py         [[start]] -> $__timeFrom() the period, its steps and as-of, as Grafana fills them in
    dashboard.py      JSON                       the file that Grafana imports

So a rule is written once: what a report counts, its panel counts. A dashboard has no data, and no as-of but now.
"""

FAMILIES = ("chat_graphs", "notification_graphs", "telephony_graphs")  # each a module here, by its name
