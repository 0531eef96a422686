"""Adjustments of stock in ServiceTitan, posted to SYSPRO: once, in the right place, and never behind anybody's back."""

import pytest

from integrations.models import Delivery, FlowItem
from integrations.sandbox.servicetitan import stocktaking
from integrations.tables.catalogue import TABLES
from integrations.tables.standing import standing_of
from portal.models import AuditEntry
from reconciliation.models import Change, StockMovement
from tests.integrations.flows.cycle import outcomes
from tests.integrations.flows.stockroom import CODE, ITEM, STORE
from tests.integrations.pages import words

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flow(stockroom):
    found = stockroom.install("adjustments")
    stockroom.map_all()
    stockroom.cycle()
    return found


class TestWaiting:
    def test_what_is_unmapped_is_told_all_at_once_and_goes_once_it_is_mapped(self, stockroom):
        flow = stockroom.install("adjustments")
        made = stockroom.adjust(-2)
        stockroom.cycle()
        item = stockroom.item_of(flow, stockroom.record(made).pk)
        assert (item.state, item.reason) == ("waiting", "unmapped")
        assert item.message == ("Item “MAT-CAP” has no stock code; warehouse “Reno Main” has no warehouse.")
        for table in ("stock_code", "warehouse"):
            assert standing_of(stockroom.tenant, TABLES[table]).waiting == 1
        assert stockroom.moved() == []
        stockroom.map_all()
        stockroom.cycle()
        [(code, store, quantity, reference)] = stockroom.moved()
        assert (code, store, quantity) == (CODE, STORE, -2)
        assert reference.startswith(f"ST{made}-")

    def test_a_truck_is_mapped_by_its_id(self, stockroom, flow):
        stockroom.adjust(1, location=987654)
        stockroom.cycle()
        assert "place 987654" in FlowItem.objects.get(flow=flow, state="waiting").message
        stockroom.map("warehouse", "987654", "TRK1")
        stockroom.cycle()
        assert [store for _, store, _, _ in stockroom.moved()] == ["TRK1"]

    def test_nothing_is_posted_before_syspros_movements_are_read(self, stockroom, flow):
        stockroom.syspro.rules.filter(entity="stock_movement").update(enabled=False)
        made = stockroom.adjust()
        stockroom.cycle()
        item = stockroom.item_of(flow, stockroom.record(made).pk)
        assert (item.state, item.reason) == ("waiting", "unread")
        assert stockroom.moved() == []
        stockroom.syspro.rules.filter(entity="stock_movement").update(enabled=True)
        stockroom.cycle(2)
        assert len(stockroom.moved()) == 1


class TestTheWay:
    def test_each_item_is_posted_once_and_read_back(self, stockroom, flow):
        stockroom.map("stock_code", "mat-brkr", "BRK-20A")
        before = stockroom.sy.on_hand(CODE)
        made = stocktaking.adjust(stockroom.st, {ITEM: -2, "MAT-BRKR": 4}, memo="Count")["id"]
        stockroom.cycle()
        assert {(code, quantity) for code, _, quantity, _ in stockroom.moved()} == {
            (CODE, -2),
            ("BRK-20A", 4),
        }
        assert stockroom.sy.on_hand(CODE) == before - 2
        found = StockMovement.objects.get(stock_code=CODE, adjustment=stockroom.record(made))
        assert found.journal.count("/") == 3
        assert ", Count<" in Delivery.objects.get(record_id=found.pk).reply["exchange"]["document"]
        posted_as = stockroom.record(made).posted_as.split(", ")
        assert sorted(posted_as) == sorted(
            StockMovement.objects.filter(adjustment__isnull=False).values_list("journal", flat=True)
        )

    def test_cycles_in_which_nothing_happens_write_nothing(self, stockroom, flow):
        stockroom.adjust()
        stockroom.cycle(2)
        before = (stockroom.moved(), Change.objects.count(), Delivery.objects.count())
        stockroom.sy.reset()
        stockroom.cycle(2)
        assert (stockroom.moved(), Change.objects.count(), Delivery.objects.count()) == before
        assert len(before[0]) == 1

    @pytest.mark.parametrize("fault", ["lost_reply", "late_error", "garbage", "reset", "session_evicted"])
    def test_a_call_that_goes_wrong_moves_the_stock_once(self, stockroom, flow, fault):
        stockroom.sy.faults(f"{fault}:1,count=3,path=INVTMA")
        before = stockroom.sy.on_hand(CODE)
        stockroom.adjust()
        stockroom.cycle(2)
        assert len(stockroom.moved()) == 1
        assert stockroom.sy.on_hand(CODE) == before - 2

    def test_a_shortage_waits_for_a_person_and_goes_once_there_is_stock(self, stockroom, flow):
        short = stockroom.sy.on_hand(CODE, "TRK2") + 3
        stockroom.map("warehouse", str(stockroom.place), "TRK2")
        stockroom.adjust(-int(short))
        stockroom.cycle()
        assert "Insufficient stock" in Delivery.objects.get().message
        assert stockroom.moved() == []


class TestWrittenBack:
    def both_ways(self, stockroom):
        stockroom.servicetitan.rules.filter(entity="adjustment").update(direction="both")

    def attached(self, stockroom, adjustment):
        return stockroom.st.store["adjustments"].external.get(adjustment, {})

    def test_nothing_is_written_to_servicetitan_unless_the_rule_goes_both_ways(self, stockroom, flow):
        made = stockroom.adjust()
        stockroom.cycle(2)
        assert len(stockroom.moved()) == 1
        assert self.attached(stockroom, made) == {}

    def test_where_it_was_posted_is_attached_to_the_adjustment_once(self, stockroom, flow):
        self.both_ways(stockroom)
        made = stockroom.adjust()
        stockroom.cycle(2)
        journal = stockroom.record(made).posted_as
        assert journal
        [pairs] = self.attached(stockroom, made).values()
        assert pairs == {"accounting_journal": journal}
        before = Delivery.objects.count()
        stockroom.cycle(2)
        assert Delivery.objects.count() == before
        assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}


class TestAfterwards:
    def test_one_cancelled_before_it_was_posted_is_never_posted(self, stockroom, flow):
        stockroom.sy.faults("html_503:1,path=/Rest")
        made = stockroom.adjust()
        stockroom.cycle()
        stockroom.cancel(made)
        stockroom.sy.reset()
        stockroom.cycle(2)
        assert stockroom.moved() == []
        assert outcomes(flow) == [("skipped", "cancelled")]

    def test_one_cancelled_after_it_was_posted_waits_until_a_person_says_it_is_put_right(
        self, stockroom, flow, client_for, owner, colleague
    ):
        made = stockroom.adjust()
        stockroom.cycle()
        stockroom.cancel(made)
        stockroom.cycle()
        item = stockroom.item_of(flow, stockroom.record(made).pk)
        assert (item.state, item.reason) == ("waiting", "cancelled")
        assert "-2 CAP-45-5 in MAIN (journal " in item.message
        page = f"/admin/integrations/flow/{flow.pk}/way/?record={item.record_id}"
        assert "It is put right in SYSPRO" in words(client_for(owner).get(page))
        reply = client_for(owner).post(page.replace("/way/", "/settle/"))
        assert reply.status_code == 302
        stockroom.cycle()
        item.refresh_from_db()
        assert item.state == "unchanged"
        assert AuditEntry.objects.filter(action="flow_item.settled").exists()
        assert len(stockroom.moved()) == 1

    def test_one_cancelled_after_it_was_posted_is_moved_back_once_where_that_is_chosen(self, stockroom):
        flow = stockroom.install("adjustments", cancelled="reverse")
        stockroom.map_all()
        before = stockroom.sy.on_hand(CODE)
        made = stockroom.adjust()
        stockroom.cycle()
        stockroom.cancel(made)
        stockroom.cycle(3)
        assert [quantity for _, _, quantity, _ in stockroom.moved()] == [-2, 2]
        assert stockroom.sy.on_hand(CODE) == before
        assert {state for state, _ in outcomes(flow)} == {"unchanged"}

    def test_one_changed_after_it_was_posted_waits_with_both_figures(self, stockroom, flow):
        made = stockroom.adjust()
        stockroom.cycle()
        row = stockroom.st.row("adjustments", made)
        stockroom.st.change("adjustments", made, items=[{**row["items"][0], "quantity": -5.0}])
        stockroom.cycle()
        item = stockroom.item_of(flow, stockroom.record(made).pk)
        assert (item.state, item.reason) == ("waiting", "posted")
        assert "-2 CAP-45-5 in MAIN" in item.message
        assert "now says -5" in item.message
        assert len(stockroom.moved()) == 1


class TestNoEcho:
    @pytest.mark.parametrize("by", ["journal", "reference", "day"])
    def test_what_syspro_has_of_itself_and_somebody_entered_is_not_posted_again(self, stockroom, flow, by):
        stockroom.sy.adjust_stock(CODE, "5", reference="COUNT-7")
        stockroom.cycle()
        theirs = StockMovement.objects.get(reference="COUNT-7")
        memo = {"journal": f"From SYSPRO ({theirs.journal})", "reference": "see COUNT-7", "day": ""}[by]
        made = stockroom.adjust(5, memo=memo)
        stockroom.cycle(2)
        assert [quantity for _, _, quantity, _ in stockroom.moved()] == [5]
        theirs.refresh_from_db()
        assert theirs.adjustment == stockroom.record(made)
        assert stockroom.record(made).posted_as == theirs.journal

    def test_one_that_could_be_either_of_two_waits_until_it_names_one(self, stockroom, flow):
        for _ in range(2):
            stockroom.sy.adjust_stock(CODE, "5")
        made = stockroom.adjust(5)
        stockroom.cycle()
        item = stockroom.item_of(flow, stockroom.record(made).pk)
        assert (item.state, item.reason) == ("waiting", "ambiguous")
        journal = StockMovement.objects.filter(kind="A").first().journal
        assert journal in item.message
        stockroom.st.change("adjustments", made, memo=journal)
        stockroom.cycle()
        assert stockroom.record(made).posted_as == journal
        assert len(stockroom.moved()) == 2

    def test_one_that_names_a_movement_of_another_quantity_is_not_posted(self, stockroom, flow):
        stockroom.sy.adjust_stock(CODE, "5", reference="COUNT-7")
        made = stockroom.adjust(4, memo="COUNT-7")
        stockroom.cycle()
        item = stockroom.item_of(flow, stockroom.record(made).pk)
        assert (item.state, item.reason) == ("waiting", "misnamed")
        assert "+5 CAP-45-5 in MAIN" in item.message
        assert len(stockroom.moved()) == 1

    def test_by_name_alone_the_same_quantity_on_the_same_day_is_another(self, stockroom):
        stockroom.install("adjustments", recognise="reference")
        stockroom.map_all()
        stockroom.sy.adjust_stock(CODE, "5")
        stockroom.cycle()
        stockroom.adjust(5)
        stockroom.cycle()
        assert [quantity for _, _, quantity, _ in stockroom.moved()] == [5, 5]
