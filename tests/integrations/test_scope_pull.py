"""What a scope does to the records of a connection: left out, frozen, brought back."""

import pytest
from django.utils import timezone

from integrations import scoping
from integrations.models import Run
from integrations.scope import ScopeError, unit_code
from integrations.work import work
from reconciliation.models import Customer, Invoice, Job, Link, Location, ReferenceItem
from tests.integrations.syncs import bad, rule_of, sync, sync_all
from tests.integrations.truth import differences

pytestmark = pytest.mark.django_db(transaction=True)

ALL = {"businessUnits": None, "customerTagFilter": None, "jobLookback": None}


def only(connection, **members):
    return scoping.apply(connection, {**ALL, **members})


def units(connection):
    return sorted(scoping.choices_of(connection).unit_codes)


def live(entity):
    return set(Link.objects.filter(entity=entity, state="live").values_list("external_id", flat=True))


def states(entity):
    return set(Link.objects.filter(entity=entity).values_list("state", flat=True))


def test_only_the_chosen_business_units_jobs_arrive_with_what_belongs_to_them(connection, sandbox):
    code = units(connection)[0]
    unit = scoping.choices_of(connection).unit_codes[code]
    only(connection, businessUnits=[code])
    done = sync_all(connection)
    assert bad(done) == {}
    chosen = {str(job["id"]) for job in sandbox.control.rows("jobs") if str(job["businessUnitId"]) == unit}
    assert set(Job.objects.values_list("external_id", flat=True)) == chosen
    assert 0 < len(chosen) < len(sandbox.control.rows("jobs"))
    assert done["job"].out_of_scope == len(sandbox.control.rows("jobs")) - len(chosen)
    jobs_of_invoices = set(Invoice.objects.exclude(job=None).values_list("job__external_id", flat=True))
    assert jobs_of_invoices <= chosen
    assert all(run.adds_up for run in done.values())


def tagged(control, tag):
    return {str(customer["id"]) for customer in control.rows("customers") if tag in customer["tagTypeIds"]}


def a_tag(connection, control):
    """A tag that some customers have and some have not."""
    customers = control.rows("customers")
    for name, external_id in scoping.choices_of(connection).tags.items():
        if 0 < len(tagged(control, int(external_id))) < len(customers):
            return name, int(external_id)
    name, external_id = next(iter(scoping.choices_of(connection).tags.items()))
    control.change("customers", customers[0]["id"], tagTypeIds=[int(external_id)])
    return name, int(external_id)


def test_only_tagged_customers_arrive_and_nothing_of_the_others(connection, sandbox):
    name, tag = a_tag(connection, sandbox.control)
    only(connection, customerTagFilter=[name])
    assert bad(sync_all(connection)) == {}
    chosen = tagged(sandbox.control, tag)
    assert set(Customer.objects.values_list("external_id", flat=True)) == chosen
    for model in (Location, Job, Invoice):
        assert set(model.objects.values_list("customer__external_id", flat=True)) <= chosen
    left_out = Link.objects.filter(entity="customer", state="out_of_scope")
    assert left_out.exists()
    assert all(link.payload == {} for link in left_out), "what is not shared is not kept either"


def test_old_finished_jobs_stay_out(connection, sandbox):
    only(connection, jobLookback="P30D")
    assert bad(sync(connection, "customer", "location", "job")) == {}
    jobs = {str(job["id"]): job for job in sandbox.control.rows("jobs")}
    taken = set(Job.objects.values_list("external_id", flat=True))
    assert {key for key, job in jobs.items() if job["jobStatus"] not in {"Completed", "Canceled"}} <= taken
    since = timezone.now() - timezone.timedelta(days=30)
    finished = Job.objects.filter(status="Completed")
    assert not finished.filter(completed_at__lt=since).exists()
    assert len(taken) < len(jobs)


def test_narrowing_says_first_how_many_leave_and_changes_nothing_by_saying_so(connection):
    sync_all(connection)
    before = live("job"), live("invoice")
    counts = scoping.leaving(connection, {**ALL, "businessUnits": units(connection)[:1]})
    assert counts["job"] > 0
    assert (live("job"), live("invoice")) == before
    assert only(connection, businessUnits=units(connection)[:1]) == counts


def test_narrowing_freezes_and_erases_nothing(connection, sandbox):
    sync_all(connection)
    records = [model.objects.count() for model in (Customer, Job, Invoice, Location)]
    counts = only(connection, businessUnits=units(connection)[:1])
    assert [model.objects.count() for model in (Customer, Job, Invoice, Location)] == records
    assert Link.objects.filter(entity="job", state="frozen").count() == counts["job"]
    frozen = set(Link.objects.filter(entity="job", state="frozen").values_list("record_id", flat=True))
    belonging = Invoice.objects.filter(job__in=frozen).values_list("pk", flat=True)
    assert set(
        Link.objects.filter(entity="invoice", record_id__in=belonging).values_list("state", flat=True)
    ) == {"frozen"}


def test_a_frozen_record_no_longer_follows_its_source(connection, sandbox):
    sync_all(connection)
    only(connection, businessUnits=units(connection)[:1])
    frozen = Link.objects.filter(entity="job", state="frozen").first()
    summary = Job.objects.get(pk=frozen.record_id).summary
    sandbox.control.change("jobs", int(frozen.external_id), summary="changed at the source")
    sync_all(connection)
    assert Job.objects.get(pk=frozen.record_id).summary == summary


def test_widening_brings_everything_back_up_to_date(connection, sandbox):
    only(connection, businessUnits=units(connection)[:1], jobLookback="P30D")
    sync_all(connection)
    only(connection, businessUnits=units(connection)[:2])
    sandbox.control.touch("jobs", 5)
    sync_all(connection)
    only(connection)
    assert bad(sync_all(connection)) == {}
    assert differences(connection, sandbox.control) == []
    assert states("job") == {"live"}


def test_widening_in_the_middle_of_a_first_pull_brings_back_the_pages_already_read(connection, sandbox):
    connection.rules.update(page_size=3)
    name, _ = a_tag(connection, sandbox.control)
    only(connection, customerTagFilter=[name])
    rule = rule_of(connection, "customer")
    work(rule.pk, seconds=0)
    only(connection)
    sync(connection, "customer")
    sync(connection, "customer")
    assert differences(connection, sandbox.control, "customer") == []


def test_a_pull_at_work_while_the_scope_narrows_goes_on_under_the_new_one(connection, sandbox):
    """Its next page would else bring in what was just shut out."""
    connection.rules.update(page_size=3)
    name, tag = a_tag(connection, sandbox.control)
    rule = rule_of(connection, "customer")
    done = []

    def narrow(run):
        if not done:
            done.append(only(connection, customerTagFilter=[name]))

    ended = work(rule.pk, progress=narrow)
    while not ended.done:
        ended = work(rule.pk)
    assert ended.run.state == "completed"
    assert live("customer") <= tagged(sandbox.control, tag)
    assert Run.objects.filter(rule=rule).count() == 1


def test_a_customer_that_gains_the_tag_brings_all_that_belongs_to_it(connection, sandbox):
    control = sandbox.control
    name, tag = a_tag(connection, control)
    only(connection, customerTagFilter=[name])
    sync_all(connection)
    owner = next(
        str(job["customerId"])
        for job in control.rows("jobs")
        if str(job["customerId"]) not in tagged(control, tag)
    )
    control.change("customers", int(owner), tagTypeIds=[tag])
    sync_all(connection)
    assert Customer.objects.filter(external_id=owner).exists()
    mine = {str(job["id"]) for job in control.rows("jobs") if str(job["customerId"]) == owner}
    assert mine <= live("job")
    assert Invoice.objects.filter(customer__external_id=owner).exists()


def test_a_customer_that_loses_the_tag_is_frozen_with_all_that_belongs_to_it(connection, sandbox):
    control = sandbox.control
    name, tag = a_tag(connection, control)
    owner = next(job["customerId"] for job in control.rows("jobs"))
    control.change("customers", owner, tagTypeIds=[tag])
    only(connection, customerTagFilter=[name])
    sync_all(connection)
    assert Job.objects.filter(customer__external_id=str(owner)).exists()
    control.change("customers", owner, tagTypeIds=[])
    sync_all(connection)
    mine = Job.objects.filter(customer__external_id=str(owner)).values("pk")
    assert set(Link.objects.filter(entity="job", record_id__in=mine).values_list("state", flat=True)) == {
        "frozen"
    }
    assert Link.objects.get(entity="customer", external_id=str(owner)).state == "frozen"


def test_a_scope_that_names_a_unit_that_is_gone_fails_the_run_and_says_what_to_do(connection):
    code = units(connection)[0]
    only(connection, businessUnits=[code])
    gone = ReferenceItem.objects.get(
        kind="business_unit", external_id=scoping.choices_of(connection).unit_codes[code]
    )
    gone.name = "Renamed"
    gone.save()
    run = sync(connection, "customer")["customer"]
    assert (run.state, run.error_who, run.error_reason) == ("failed", "fix_configuration", "scope")
    assert code in run.error
    assert "choose again" in run.error
    assert not Customer.objects.exists(), "nothing is taken in under a scope that is not understood"
    connection.refresh_from_db()
    assert connection.problem == run.error


def test_the_lists_a_scope_is_chosen_from_are_read_whatever_the_scope(connection, sandbox):
    """So that a unit renamed back is found again without a person."""
    code = units(connection)[0]
    only(connection, businessUnits=[code])
    unit = scoping.choices_of(connection).unit_codes[code]
    for name in ("Renamed", code.removeprefix("BU_").title()):
        sandbox.control.change("business-units", int(unit), name=name)
        assert sync(connection, "business_unit")["business_unit"].state == "completed"
    assert sync(connection, "customer")["customer"].state == "completed"


def test_two_units_of_one_name_can_be_told_apart(connection, sandbox):
    first, second, *_ = sandbox.control.rows("business-units")
    sandbox.control.change("business-units", second["id"], name=first["name"])
    sync(connection, "business_unit")
    code = unit_code(f"{first['name']} ({first['id']})")
    assert scoping.choices_of(connection).unit_codes[code] == str(first["id"])
    with pytest.raises(ScopeError):
        only(connection, businessUnits=[unit_code(first["name"])])
