"""The merchant's own lists, which jobs and invoices refer to: a name, and what else is worth keeping."""

from collections.abc import Mapping
from dataclasses import replace

from integrations.connectors.entity import Entity, FieldMap
from integrations.connectors.servicetitan.entities.shared import ANY_ACTIVE

_SETTINGS = "/settings/v2/tenant/{tenant}"
_JPM = "/jpm/v2/tenant/{tenant}"
_MARKETING = "/marketing/v2/tenant/{tenant}"
_ACCOUNTING = "/accounting/v2/tenant/{tenant}"
_INVENTORY = "/inventory/v2/tenant/{tenant}"
_PRICEBOOK = "/pricebook/v2/tenant/{tenant}"
_MEMBERSHIPS = "/memberships/v2/tenant/{tenant}"


def _list(
    name: str,
    scope: str,
    path: str,
    details: str = "",
    *,
    feed: str | None = None,
    sort: str | None = None,
    ids: str | None = "ids",
    params: Mapping[str, str] = ANY_ACTIVE,
    modified_filter: bool = True,
) -> Entity:
    """Most of these lists know no `sort`; `details` names the members that are kept beside the name."""
    kept = (FieldMap(details, "details", "members"),) if details else ()
    return Entity(
        name=name,
        scope=scope,
        path=path,
        feed=feed,
        params=params,
        sort=sort,
        ids=ids,
        modified_filter=modified_filter,
        mapping=(FieldMap("name", "name"), *kept),
    )


LISTS: tuple[Entity, ...] = (
    _list(
        "business_unit",
        "tn.stt.businessunits:r",
        f"{_SETTINGS}/business-units",
        "officialName, email, phoneNumber, currency, trade, division",
        feed=f"{_SETTINGS}/export/business-units",
    ),
    _list(
        "technician",
        "tn.stt.technicians:r",
        f"{_SETTINGS}/technicians",
        "email, phoneNumber, mobilePhone, businessUnitId, team, positions",
        feed=f"{_SETTINGS}/export/technicians",
    ),
    _list(
        "tag_type",
        "tn.stt.tagtypes:r",
        f"{_SETTINGS}/tag-types",
        "color, code, importance",
        feed=f"{_SETTINGS}/export/tag-types",
        sort="+Id",
        ids=None,
    ),
    _list(
        "job_type",
        "tn.jpm.jobtypes:r",
        f"{_JPM}/job-types",
        "businessUnitIds, priority, duration, class, summary, noCharge",
    ),
    # Its `sort` cannot be relied on; unsorted it comes by id.
    _list(
        "campaign",
        "tn.mrk.campaigns:r",
        f"{_MARKETING}/campaigns",
        "category, source, medium, businessUnit, isDefaultCampaign",
    ),
    _list(
        "cancel_reason",
        "tn.jpm.jobcancelreasons:r",
        f"{_JPM}/job-cancel-reasons",
        sort="+Id",
        ids=None,
    ),
    _list(
        "payment_type",
        "tn.acc.paymenttypes:r",
        f"{_ACCOUNTING}/payment-types",
        modified_filter=False,
    ),
    _list(
        "membership_type",
        "tn.mem.membershiptypes:r",
        f"{_MEMBERSHIPS}/membership-types",
        "displayName, discountMode, locationTarget, discount",
        feed=f"{_MEMBERSHIPS}/export/membership-types",
        sort="+Id",
    ),
    _list("warehouse", "tn.inv.warehouses:r", f"{_INVENTORY}/warehouses", "address", sort="+Id"),
    _list(
        "purchase_order_type",
        "tn.inv.purchaseordertypes:r",
        f"{_INVENTORY}/purchase-order-types",
        "automaticallyReceive",
        sort="+Id",
        ids=None,
    ),
    # An item's code is its name here: it is what people and mapping tables know it by.
    replace(
        _list("material", "tn.pb.materials:r", f"{_PRICEBOOK}/materials", sort="+Id"),
        mapping=(FieldMap("code", "name"), FieldMap("displayName, unitOfMeasure", "details", "members")),
    ),
)
