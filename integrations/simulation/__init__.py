"""Days of many tenants in simulated time: who would wait how long, and how many workers that takes.

The route: sizes of tenants -> their sync rules, as their connectors declare them (`fleet`) -> a clock that lets rules
become due, asks `schedule.choose` which is next whenever a worker is free, and keeps it busy as long as such a pull
takes (`course`) -> lateness in percentiles, and how busy the workers were (`figures`).
The decisions are those of the running portal; what a pull costs is given. No database and no call is made.
"""
