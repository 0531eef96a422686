"""Simulated days of many tenants: too few workers are told, enough keep everybody in step. All without a database."""

import json
from collections import Counter
from random import Random

import pytest
from django.core.management import call_command

from integrations.simulation.course import Course
from integrations.simulation.figures import lateness, percentile, use
from integrations.simulation.fleet import DAY, HOUR, SIZES, Costs, changed, rules_of, workers_for

COSTS = Costs()


def fleet(tenants, joining=0, hours=1.0, seed=3):
    return list(rules_of(tenants, joining, hours * HOUR, Random(seed)))


def after(hours, rules, workers, costs=COSTS):
    return Course(rules, workers, costs).run(hours / 24)


def test_too_few_workers_are_told_with_an_exit_code(capsys):
    with pytest.raises(SystemExit):
        call_command("simulate", "--tenants", "150", "--workers", "1", "--days", "1")
    assert "do not keep up" in capsys.readouterr().out


def test_a_slow_system_needs_more_workers():
    rules = fleet(40)
    assert workers_for(rules, Costs(call=2.0)) > workers_for(rules, COSTS)


def test_enough_workers_keep_everybody_in_step_the_last_of_their_rules_too():
    rules = fleet(60)
    measured = after(1, rules, workers_for(rules, COSTS) + 1)
    assert measured.kept_up
    late = lateness(measured)
    assert late["all"]["pulls"] > 5 * len(rules), "each rule is due again after its interval"
    assert late["all"]["most"] < 60
    assert late["all"]["pulls"] == sum(late[size.name]["pulls"] for size in SIZES if size.name in late)


def test_those_who_join_are_read_to_the_end_and_hold_nobody_up():
    rules = fleet(40, joining=4, hours=1)
    workers = workers_for(rules, COSTS) + 4
    measured = after(3, rules, workers)
    assert len(measured.joined) == 4
    joined = {rule.tenant_id for rule in rules if rule.tenant_id >= 40}
    wanted = sum({rule.tenant_id: rule.size.records for rule in rules if rule.tenant_id in joined}.values())
    assert measured.records > wanted, "all records of those who joined, and the changes of the others"
    assert lateness(measured)["all"]["p95"] < 60


def test_what_comes_in_a_day_is_a_day_of_changes_in_every_zone():
    for zone in (0, 5, 8):
        assert changed(DAY, zone) - changed(0, zone) == pytest.approx(1)
    noon_hour = changed(13 * HOUR, 0) - changed(12 * HOUR, 0)
    night_hour = changed(3 * HOUR, 0) - changed(2 * HOUR, 0)
    assert noon_hour > 10 * night_hour


def test_the_same_seed_tells_the_same():
    assert lateness(after(0.5, fleet(10), 1)) == lateness(after(0.5, fleet(10), 1))


def test_work_is_never_more_than_the_workers_have_time_for():
    measured = after(1, fleet(60), 1)
    assert 0 < use(measured, 1)["mean"] <= 1


def test_percentiles_are_those_of_the_counted_values():
    assert percentile(Counter(), 0.5) == 0
    assert [percentile(Counter({0: 90, 5: 9, 70: 1}), share) for share in (0.5, 0.95, 1.0)] == [0, 5, 70]


def test_the_report_comes_as_json(capsys):
    call_command("simulate", "--tenants", "5", "--days", "0.02", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["tenants"], report["kept_up"]) == (5, True)
    assert report["lateness_seconds"]["all"]["pulls"] > 0
