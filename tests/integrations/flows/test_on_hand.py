"""How much SYSPRO has beside what is expected: no false alarm while things move, each difference with its cause."""

import csv

import pytest
from django.urls import reverse

from integrations.flows.on_hand import check
from integrations.models import FlowItem
from reconciliation.models import Change, StockLevel
from tests.integrations.flows.cycle import outcomes
from tests.integrations.flows.stockroom import CODE, STORE
from tests.integrations.pages import words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flow(stockroom):
    stockroom.install("adjustments")
    stockroom.install("movements")
    found = stockroom.install("on_hand")
    stockroom.map_all()
    stockroom.cycle(2)
    return found


def rows(stockroom):
    return [tuple(row) for row in check(stockroom.tenant, {}).rows]


def taken(stockroom, quantity):
    """Somebody changes the figure itself: no movement tells of it."""
    held = stockroom.sy.on_hand(CODE) - quantity
    day = stockroom.sy.row("InvWarehouse", CODE, STORE)["DateLastStockMove"] or "2026-11-21"
    members = {"StockCode": CODE, "Warehouse": STORE, "QtyOnHand": held, "DateLastStockMove": day}
    stockroom.sy.put("InvWarehouse", members)
    return held


def test_at_the_beginning_everything_agrees(stockroom, flow):
    assert rows(stockroom) == []
    assert FlowItem.objects.filter(flow=flow).count() == StockLevel.objects.count() > 0
    assert set(outcomes(flow)) == {("unchanged", "")}


def test_what_moves_and_is_read_is_no_difference(stockroom, flow):
    order = stockroom.sy.add_order("1", {CODE: ("2", "10")})
    stockroom.sy.receive_order(order, 1, "2")
    stockroom.adjust(-3)
    stockroom.cycle(3)
    assert rows(stockroom) == []


def test_a_quantity_whose_movement_is_not_read_yet_is_no_difference(stockroom, flow):
    moves = stockroom.syspro.rules.filter(entity="stock_movement")
    moves.update(enabled=False)
    stockroom.sy.adjust_stock(CODE, "5")
    stockroom.cycle()
    level = StockLevel.objects.get(stock_code=CODE, store=STORE)
    assert stockroom.item_of(flow, level.pk).reason == "moving"
    assert rows(stockroom) == []
    moves.update(enabled=True)
    stockroom.cycle(2)
    assert stockroom.item_of(flow, level.pk).reason == "explained"


def test_a_quantity_that_changed_without_a_movement_is_listed_with_its_cause(stockroom, flow):
    before = stockroom.sy.on_hand(CODE)
    taken(stockroom, 4)
    stockroom.cycle(3)
    [(item, store, held, expected, difference, cause)] = rows(stockroom)
    assert (item, store, held, expected, difference) == (
        CODE,
        STORE,
        f"{before - 4:.0f}",
        f"{before:.0f}",
        "-4",
    )
    assert "without a movement that was read" in cause


def test_what_waits_on_either_side_explains_a_difference(stockroom, flow):
    stockroom.sy.adjust_stock(CODE, "5", reference="COUNT-7")
    stockroom.cycle(3)
    [(_, _, _, _, difference, cause)] = rows(stockroom)
    assert difference == "+5"
    assert "not entered in ServiceTitan yet" in cause
    stockroom.adjust(5, memo="COUNT-7")
    stockroom.cycle(3)
    assert rows(stockroom) == []


def test_cycles_in_which_nothing_happens_write_nothing(stockroom, flow):
    before = Change.objects.count()
    stockroom.cycle(2)
    assert Change.objects.count() == before


def test_a_person_says_that_syspros_figure_is_right_and_the_comparing_begins_anew(
    stockroom, flow, client_for, owner
):
    taken(stockroom, 4)
    stockroom.cycle(3)
    level = StockLevel.objects.get(stock_code=CODE, store=STORE)
    page = f"/admin/integrations/flow/{flow.pk}/way/?record={level.pk}"
    client = client_for(owner)
    assert "SYSPRO's figure is right" in words(client.get(page))
    client.post(page.replace("/way/", "/settle/"))
    stockroom.cycle(2)
    assert rows(stockroom) == []
    taken(stockroom, 1)
    stockroom.cycle(3)
    assert [row[4] for row in rows(stockroom)] == ["-1"]


def test_the_differences_stand_on_the_flows_page_and_are_taken_out_as_csv(
    stockroom, flow, client_for, finance, viewer, outsider
):
    taken(stockroom, 4)
    stockroom.cycle(3)
    page = client_for(finance).get(reverse("admin:integrations_flow_change", args=[flow.pk]))
    assert "without a movement that was read" in words(page)
    address = reverse("admin:integrations_flow_check_csv", args=[flow.pk])
    assert client_for(outsider).get(address).status_code == 404
    assert client_for(viewer).get(address).status_code == 403
    reply = client_for(finance).get(address)
    head, row = csv.reader(reply.content.decode("utf-8-sig").splitlines())
    assert head == ["Item", "Warehouse", "SYSPRO has", "Expected", "Difference", "Likely cause"]
    assert (row[0], row[4].lstrip("'")) == (CODE, "-4")
