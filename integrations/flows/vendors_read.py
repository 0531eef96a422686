"""Vendors with the suppliers of their codes: many together, in a constant number of queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import Exists, OuterRef

from integrations.connectors.syspro.keys import normal
from integrations.flows.base import Settings
from integrations.flows.vendor_plans import ACCOUNT, Known
from integrations.tables.base import Key, record_key
from integrations.tables.catalogue import SUPPLIER
from integrations.tables.looking import rows_of
from reconciliation.models import Link, Merge, Vendor
from reconciliation.normalise import search_key

SHOP, ACCOUNTING = "servicetitan", "syspro"


def linked(system: str) -> Exists:
    """Whether the system has the vendor."""
    rows = Link.objects.filter(source__system=system, entity="vendor", record_id=OuterRef("pk"))
    return Exists(rows.filter(state=Link.State.LIVE))


def read(tenant_id: int, ids: Sequence[int], settings: Settings) -> Mapping[int, Known]:
    """Each with its supplier. Of several that have the same code the first one is the supplier's."""
    table = rows_of(tenant_id, (SUPPLIER,))[SUPPLIER]
    rows = Vendor.objects.filter(tenant=tenant_id, pk__in=list(ids), merged_into=None)
    vendors = list(rows.annotate(is_in_shop=linked(SHOP)).order_by("pk"))
    keys = {one.pk: Key(record_key(one.external_id, one.pk), str(one)) for one in vendors}
    codes = {one.pk: table.get(keys[one.pk].key) or one.code for one in vendors}
    suppliers = _suppliers(tenant_id, codes.values())
    tied = _tied(tenant_id, ids)
    owners, claims = _owners(suppliers.values()), _claims(tenant_id)
    apart, alike = _taken_apart(tenant_id, ids), _untied_names(tenant_id)
    found = {}
    for one in vendors:
        code = normal(codes[one.pk]) if codes[one.pk] else ""
        supplier = suppliers.get(code)
        claimed = claims.setdefault(code, (one.pk, keys[one.pk].label)) if code else (one.pk, "")
        known = Known(
            one.pk,
            keys[one.pk],
            one.active,
            codes[one.pk],
            own_code=one.code,
            is_in_shop=one.is_in_shop,
            tied_to=tied.get(one.pk, ""),
            supplier_id=supplier,
            taken_by=owners.get(supplier or 0, "")
            or ("" if supplier or claimed[0] == one.pk else claimed[1]),
            undone=(supplier, one.pk) in apart,
            is_on_hold=one.is_on_hold,
            alike=alike.get(search_key(one.name), ""),
            lacks=frozenset(name for name in ACCOUNT if not getattr(one, name)),
        )
        if known.joins is not None:
            owners[known.joins] = known.key.label
        found[one.pk] = known
    return found


def _suppliers(tenant_id: int, codes: Iterable[str]) -> dict[str, int]:
    """The records of SYSPRO's suppliers, by code in its one form."""
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system=ACCOUNTING, entity="vendor", state=Link.State.LIVE,
        external_id__in={normal(code) for code in codes if code}, record_id__isnull=False,
    )  # fmt: skip
    return {code: pk for code, pk in links.values_list("external_id", "record_id") if pk is not None}


def _tied(tenant_id: int, ids: Collection[int]) -> dict[int, str]:
    """Under which code SYSPRO has these."""
    links = Link.objects.filter(
        source__tenant=tenant_id, source__system=ACCOUNTING, entity="vendor", state=Link.State.LIVE,
        record_id__in=list(ids),
    )  # fmt: skip
    return {pk: code for pk, code in links.values_list("record_id", "external_id") if pk is not None}


def _owners(suppliers: Iterable[int]) -> dict[int, str]:
    """How those are called that are a vendor of ServiceTitan's already."""
    rows = Vendor.objects.filter(linked(SHOP), pk__in=list(suppliers))
    return {one.pk: str(one) for one in rows}


def _untied(tenant_id: int) -> "Iterable[Vendor]":
    """ServiceTitan's vendors that SYSPRO does not have, the first ones first."""
    rows = Vendor.objects.filter(linked(SHOP), ~linked(ACCOUNTING), tenant=tenant_id, merged_into=None)
    return rows.only("pk", "name", "code").order_by("pk")


def _claims(tenant_id: int) -> dict[str, tuple[int, str]]:
    """Whose a code is that SYSPRO does not have: the first vendor's that has it."""
    found: dict[str, tuple[int, str]] = {}
    for one in _untied(tenant_id):
        if one.code:
            found.setdefault(normal(one.code), (one.pk, str(one)))
    return found


def _untied_names(tenant_id: int) -> dict[str, str]:
    return {search_key(one.name): one.name for one in _untied(tenant_id)}


def _taken_apart(tenant_id: int, ids: Collection[int]) -> set[tuple[int, int]]:
    """(survivor, loser) of the merges of these that a person has undone."""
    merges = Merge.objects.filter(tenant=tenant_id, entity="vendor", undone_at__isnull=False)
    pairs = {
        (survivor, int(pk))
        for survivor, before in merges.values_list("survivor_id", "before")
        for pk in before
    }
    return {pair for pair in pairs if pair[1] in set(ids)}
