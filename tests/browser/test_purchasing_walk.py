"""Purchase orders and stock in a real browser: an order waits for a code, is mapped and goes; a count is told."""

import pytest
from playwright.sync_api import expect

from integrations.tables.catalogue import TABLES
from tests.browser.test_mapping_walk import look
from tests.integrations.conftest import connection, found_company, impatient, syspro  # noqa: F401  # the systems
from tests.integrations.flows.conftest import stockroom  # noqa: F401
from tests.integrations.flows.stockroom import CODE, Stockroom
from tests.integrations.flows.test_purchase_orders import VALVE, desk  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_an_order_that_lacks_a_code_is_mapped_from_the_flow_and_goes(visit, owner, desk, width):  # noqa: F811
    flow = desk.install()
    desk.map("warehouse", **{str(min(desk.st.store["warehouses"].rows)): "MAIN"})
    desk.order(valve=2)
    desk.cycle()
    page = visit(owner, width=width)
    page.goto(f"/admin/integrations/flow/{flow.pk}/change/?show=stuck")
    look(page, f"order-flow-{width}")
    assert desk.there() == []
    page.get_by_role("link", name=TABLES["stock_code"].title).first.click()
    code = next(row["StockCode"] for row in desk.sy.rows("InvWarehouse") if row["Warehouse"] == "MAIN")
    page.locator("#rows tbody tr", has_text=VALVE).get_by_role("combobox").fill(code)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 row is stored")).to_be_visible()
    desk.cycle(2)
    assert len(desk.there()) == 1
    page.goto("/admin/reconciliation/purchaseorder/")
    look(page, f"orders-{width}")


@pytest.mark.parametrize("width", [1280, 390])
def test_what_syspro_counted_is_told_to_a_person(visit, owner, stockroom: Stockroom, width):  # noqa: F811
    stockroom.install("adjustments")
    flow = stockroom.install("movements")
    stockroom.sy.adjust_stock(CODE, 3, "MAIN", "COUNT 7")
    stockroom.cycle(2)
    page = visit(owner, width=width)
    page.goto(f"/admin/integrations/flow/{flow.pk}/change/?show=stuck")
    expect(page.get_by_text("Enter it in ServiceTitan").first).to_be_visible()
    look(page, f"movements-{width}")
    page.goto("/admin/reconciliation/stockmovement/")
    expect(page.get_by_text(CODE).first).to_be_visible()
    look(page, f"stock-movements-{width}")
