"""`make bench`: how fast a first sync is beside a plain loader (the floor) and `dlt` (the peer).

The route: a sandbox in a process of its own -> each contender in a fresh process with a fresh database
(`contender`, which prints what it measured as JSON) -> tables, goals and `var/bench.json`. Contenders take turns, all in
one run: only ratios between them mean anything on a machine that others use too.
"""
