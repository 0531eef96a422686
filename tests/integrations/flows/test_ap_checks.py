"""What SYSPRO would refuse is found out before it is sent there, waits with what to do, and goes once that is done."""

import pytest

from integrations.flows.installing import NotReady
from integrations.models import FlowItem
from reconciliation.models import ApInvoice, ReferenceItem
from tests.integrations.flows.books import items, worth_posting

pytestmark = pytest.mark.django_db(transaction=True)


def messages() -> str:
    return " ".join(FlowItem.objects.filter(state="waiting").values_list("message", flat=True))


def test_an_account_for_tax_that_syspro_does_not_have_is_refused_at_once(books):
    with pytest.raises(NotReady, match="GL account 99-0000 for tax is in use in SYSPRO"):
        books.install(tax_account="99-0000")


def test_a_supplier_on_hold_has_its_invoices_wait_until_it_is_released(books):
    flow = books.install()
    books.map_all()
    books.sy.hold_supplier("1")
    books.cycle()
    assert "supplier 000000000000001 is on hold in SYSPRO" in messages().replace("Supplier", "supplier")
    assert not books.sy.attempts()
    books.sy.hold_supplier("1", on=False)
    books.cycle(2)
    assert books.posted() == worth_posting(books.tenant)
    assert "waiting" not in items(flow)


def test_an_account_that_is_put_on_hold_waits_for_another_row(books):
    flow = books.install()
    books.map_all()
    books.sy.put("GenMaster", {"Company": "EDU1", "GlCode": "20-5100", "AccOnHldFlag": "Y"})
    ReferenceItem.objects.filter(kind="gl_account", external_id="20-5100").update(active=False)
    books.cycle()
    assert "20-5100" in messages()
    assert "on hold" in messages()
    assert not ApInvoice.objects.filter(invoice__isnull=False).exists()
    books.default("item_ledger", "30-4500")
    books.cycle(2)
    assert books.posted() == worth_posting(books.tenant)
    assert "waiting" not in items(flow)
