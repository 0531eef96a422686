"""Stock adjusted in SYSPRO by hand: a person is told what to enter in ServiceTitan, and that closes by itself."""

import pytest

from integrations.flows.installing import NotReady
from integrations.models import FlowItem
from reconciliation.models import StockMovement
from tests.integrations.flows.stockroom import CODE
from tests.integrations.pages import words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flow(stockroom):
    stockroom.install("adjustments")
    found = stockroom.install("movements")
    stockroom.map_all()
    stockroom.cycle()
    return found


def theirs():
    return StockMovement.objects.get(reference="COUNT-7")


def test_without_the_other_way_nothing_would_be_known_again(stockroom):
    with pytest.raises(NotReady, match="“Adjustment → stock movement” is on"):
        stockroom.install("movements")


def test_a_person_is_told_exactly_what_to_enter(stockroom, flow):
    stockroom.sy.adjust_stock(CODE, "5", reference="COUNT-7")
    stockroom.cycle()
    item = stockroom.item_of(flow, theirs().pk)
    assert (item.state, item.reason) == ("waiting", "to_enter")
    for part in (f"warehouse “{stockroom.place}”", "item “mat-cap”", "quantity +5", f"“{theirs().journal}”"):
        assert part in item.message


def test_an_item_that_nothing_is_mapped_to_is_told_by_its_stock_code_until_it_is(stockroom, flow):
    stockroom.sy.adjust_stock("THR-T6", "1", reference="COUNT-7")
    stockroom.cycle()
    assert (
        "item that is THR-T6 in SYSPRO (none is mapped to it yet)" in FlowItem.objects.get(flow=flow).message
    )
    stockroom.map("stock_code", "thermostat", "THR-T6")
    stockroom.cycle()
    assert "item “thermostat”" in FlowItem.objects.get(flow=flow).message


def test_it_closes_by_itself_once_the_adjustment_has_come_and_nothing_is_posted_back(stockroom, flow):
    stockroom.sy.adjust_stock(CODE, "5", reference="COUNT-7")
    stockroom.cycle()
    made = stockroom.adjust(5, memo=theirs().journal)
    stockroom.cycle(2)
    item = stockroom.item_of(flow, theirs().pk)
    assert (item.state, item.reason) == ("skipped", "entered")
    assert f"adjustment {stockroom.record(made).number}" in item.message
    assert len(stockroom.moved()) == 1


def test_one_whose_adjustment_is_cancelled_waits_to_be_entered_again(stockroom, flow):
    stockroom.sy.adjust_stock(CODE, "5", reference="COUNT-7")
    stockroom.cycle()
    made = stockroom.adjust(5, memo=theirs().journal)
    stockroom.cycle()
    stockroom.cancel(made)
    stockroom.cycle()
    assert stockroom.item_of(flow, theirs().pk).reason == "to_enter"
    assert len(stockroom.moved()) == 1


def test_what_was_posted_from_here_is_never_to_be_entered(stockroom, flow):
    stockroom.adjust(-2)
    stockroom.cycle(2)
    assert len(stockroom.moved()) == 1
    assert not FlowItem.objects.filter(flow=flow).exists()


def test_receipts_and_issues_are_no_adjustments(stockroom, flow):
    order = stockroom.sy.add_order("1", {CODE: ("2", "10")})
    stockroom.sy.receive_order(order, 1, "2")
    stockroom.cycle()
    assert not FlowItem.objects.filter(flow=flow).exists()


def test_a_person_may_say_that_servicetitan_needs_none(stockroom, flow, client_for, owner, outsider):
    stockroom.sy.adjust_stock(CODE, "5", reference="COUNT-7")
    stockroom.cycle()
    page = f"/admin/integrations/flow/{flow.pk}/way/?record={theirs().pk}"
    assert "ServiceTitan needs no adjustment of it" in words(client_for(owner).get(page))
    assert client_for(outsider).post(page.replace("/way/", "/settle/")).status_code == 404
    client_for(owner).post(page.replace("/way/", "/settle/"))
    stockroom.cycle()
    assert stockroom.item_of(flow, theirs().pk).reason == "settled"
