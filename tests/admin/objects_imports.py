"""Files of customers, for the walk."""

from reconciliation.models import CustomerImport
from tests.admin.objects import makes, planted


@makes("reconciliation.customerimport")
def customer_import(tenant) -> CustomerImport:
    """A draft, so that its columns can be looked at."""
    name = planted(tenant)
    return CustomerImport.objects.create(
        tenant=tenant,
        name=f"{name}.csv",
        content=f"id,name\n1,{name}".encode(),
        columns={"id": 0, "name": 1},
        total=1,
        state="draft",
    )
