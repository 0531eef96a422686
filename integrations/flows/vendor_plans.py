"""What becomes of a vendor of ServiceTitan, or of a supplier of SYSPRO: which of the two it is tied to, or why not. Pure.

The route: a vendor as it was read -> is it both already? -> is there a supplier of its code, or a vendor for it? -> tied,
made on the other side where the settings say so, or what it waits for.
"""

from dataclasses import dataclass

from integrations.connectors.syspro.keys import normal
from integrations.flows.base import Made, Plan, Setting, Settings, Skip, Wait, Wanted
from integrations.tables.base import Key, Missing
from integrations.tables.catalogue import SUPPLIER, TABLES

NO_CODE, NO_SUPPLIER, TAKEN, UNDONE, ALIKE = "no_code", "no_supplier", "taken", "undone", "alike"
AS_SUPPLIER, AS_VENDOR, CODE = "supplier", "vendor", "code"
"""Roles of the one record: to be in SYSPRO, to be in ServiceTitan, to keep its code."""
NOTHING, CHANGES, ALL = "nothing", "changes", "all"
ACCOUNT = ("branch", "terms", "bank", "currency")
"""What SYSPRO wants of a new supplier and ServiceTitan does not know."""
SETTINGS = (
    Setting("accounting", "SYSPRO gets", "choice", CHANGES,
            "Which fields go where, and who wins one that both have changed, the field mappings of the two say.",
            ((NOTHING, "nothing from here: its suppliers are only read"),
             (CHANGES, "changes of vendors that are suppliers there"),
             (ALL, "those, and a vendor whose code it does not have as a new supplier"))),
    Setting("shop", "ServiceTitan gets", "choice", CHANGES,
            "A new supplier is one that was first read since the day above; one on hold becomes no vendor.",
            ((NOTHING, "nothing from here: its vendors are only read"),
             (CHANGES, "changes of suppliers that are vendors there"),
             (ALL, "those, and new suppliers as vendors"))),
    Setting("branch", "Branch of new suppliers", help="Where the vendor has none. SYSPRO takes no supplier without."),
    Setting("terms", "Terms of new suppliers", help="The code of SYSPRO's terms of payment."),
    Setting("bank", "Bank of new suppliers", help="The code of the company's own bank, by which they are paid."),
    Setting("currency", "Currency of new suppliers", default="USD"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A vendor as it is known here.

    `code` is by which it is tied: the mapping table's, else its own, which is `own_code`. `is_in_shop` is whether
    ServiceTitan has it, `tied_to` the code under which SYSPRO does. `supplier_id` is the record of the supplier of its
    code, None where SYSPRO has none; `taken_by` names the other vendor that is that supplier already, or is to be.
    `undone` is whether a person has taken the two apart. `alike` is a vendor of the same name that is tied to nobody.
    `lacks` are the fields of `ACCOUNT` that are empty.
    """

    id: int
    key: Key
    active: bool
    code: str
    own_code: str = ""
    is_in_shop: bool = True
    tied_to: str = ""
    supplier_id: int | None = None
    taken_by: str = ""
    undone: bool = False
    is_on_hold: bool = False
    alike: str = ""
    lacks: frozenset[str] = frozenset()

    @property
    def joins(self) -> int | None:
        """The record that it shall become one with."""
        free = self.is_in_shop and not (self.tied_to or self.taken_by or self.undone)
        return self.supplier_id if free else None


def plan(known: Known, settings: Settings) -> Plan:
    if not known.is_in_shop:
        return _new_vendor(known, settings)
    if known.tied_to:
        return _tied(known)
    if known.code:
        return _by_code(known, settings)
    if not known.active:
        return Skip("inactive", "It is inactive in ServiceTitan and has no supplier code.")
    words = f"The {TABLES[SUPPLIER].lacks(known.key)}. Choose it in the table, or fill the custom field in ServiceTitan."
    return Wait(NO_CODE, words, missing=(Missing(SUPPLIER, known.key.key, known.key.label),))


def _tied(known: Known) -> Plan:
    """Both have it: its code is the one that SYSPRO knows it by, whatever somebody types in ServiceTitan."""
    if normal(known.own_code) == known.tied_to:
        return Made(())
    return Made((Wanted("vendor", {"code": known.tied_to}, role=CODE, record_id=known.id, firm={"code"}),))


def _by_code(known: Known, settings: Settings) -> Plan:
    if known.undone:
        words = f"Somebody has taken it and supplier {known.code} apart. Give it another code."
        return Wait(UNDONE, words)
    if known.taken_by:
        words = f"Supplier {known.code} is “{known.taken_by}” of ServiceTitan already. Give one of the two another code."
        return Wait(TAKEN, words)
    if known.supplier_id is not None:
        return Made((Wanted("vendor", record_id=known.supplier_id, role=AS_SUPPLIER),))
    return _new_supplier(known, settings)


def _new_supplier(known: Known, settings: Settings) -> Plan:
    if settings["accounting"] != ALL:
        words = (
            f"SYSPRO has no supplier {known.code}. Make it there, give the vendor another code, or have suppliers made "
            "under Settings."
        )
        return Wait(NO_SUPPLIER, words)
    if not known.active:
        return Skip("inactive", "It is inactive in ServiceTitan: no supplier is made of it.")
    values = {name: settings[name] for name in ACCOUNT if name in known.lacks and settings[name]}
    return Made((Wanted("vendor", {"code": known.code, **values}, role=AS_SUPPLIER, record_id=known.id),))


def _new_vendor(known: Known, settings: Settings) -> Plan:
    if settings["shop"] != ALL:
        return Skip("no_vendor", "ServiceTitan has no vendor for it. Settings says whether one is made.")
    if known.is_on_hold or not known.active:
        return Skip("on_hold", "SYSPRO has it on hold: no vendor is made of it.")
    if known.alike:
        words = (
            f"ServiceTitan has a vendor “{known.alike}” that is tied to no supplier. If it is the same, give it the "
            f"code {known.tied_to}; else give one of the two another name."
        )
        return Wait(ALIKE, words)
    return Made((Wanted("vendor", {"code": known.tied_to}, role=AS_VENDOR, record_id=known.id),))
