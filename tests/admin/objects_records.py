"""One record of every kind, for the walk over every admin page."""

from reconciliation.models import ExportFile
from tests.admin.objects import makes, planted, someone
from tests.reconciliation import shop


def _payer(tenant):
    return shop.customer(tenant, planted(tenant))


@makes("reconciliation.customer")
def a_customer(tenant):
    return _payer(tenant)


@makes("reconciliation.location")
def a_location(tenant):
    return shop.location(tenant, _payer(tenant), name=planted(tenant))


@makes("reconciliation.contact")
def a_contact(tenant):
    return shop.contact(_payer(tenant), planted(tenant))


@makes("reconciliation.job")
def a_job(tenant):
    return shop.job(tenant, _payer(tenant), number=planted(tenant))


@makes("reconciliation.appointment")
def an_appointment(tenant):
    return shop.appointment(tenant, number=planted(tenant))


@makes("reconciliation.assignment")
def an_assignment(tenant):
    return shop.assignment(tenant, technician=shop.item(tenant, "technician", name=planted(tenant)))


@makes("reconciliation.cancellation")
def a_cancellation(tenant):
    return shop.cancellation(tenant, memo=planted(tenant))


@makes("reconciliation.note")
def a_note(tenant):
    return shop.note(tenant, text=planted(tenant))


@makes("reconciliation.lead")
def a_lead(tenant):
    return shop.lead(tenant, name=planted(tenant))


@makes("reconciliation.booking")
def a_booking(tenant):
    return shop.booking(tenant, name=planted(tenant))


@makes("reconciliation.invoice")
def an_invoice(tenant):
    bill = shop.invoice(tenant, _payer(tenant), number=planted(tenant))
    shop.line(bill, description=planted(tenant))
    return bill


@makes("reconciliation.payment")
def a_payment(tenant):
    return shop.payment(tenant, number=planted(tenant))


@makes("reconciliation.estimate")
def an_estimate(tenant):
    return shop.estimate(tenant, name=planted(tenant))


@makes("reconciliation.membership")
def a_membership(tenant):
    return shop.membership(tenant, _payer(tenant))


@makes("reconciliation.rating")
def a_rating(tenant):
    return shop.review(tenant, _payer(tenant), text=planted(tenant))


@makes("reconciliation.equipment")
def a_unit(tenant):
    return shop.equipment(tenant, name=planted(tenant))


@makes("reconciliation.referenceitem")
def an_item(tenant):
    return shop.item(tenant, name=planted(tenant))


@makes("reconciliation.exportfile")
def an_export_file(tenant):
    return ExportFile.objects.create(actor=someone(tenant), tenant=tenant, entity="invoice", format="csv")


@makes("reconciliation.person")
def a_person(tenant):
    return shop.person(tenant, _payer(tenant), last_name=planted(tenant))


@makes("reconciliation.opportunity")
def an_opportunity(tenant):
    return shop.opportunity(tenant, _payer(tenant), name=planted(tenant))


@makes("reconciliation.opportunityrole")
def an_opportunity_role(tenant):
    deal, person = shop.opportunity(tenant), shop.person(tenant, last_name=planted(tenant))
    return shop.make("opportunity_role", tenant, opportunity=deal, person=person, role=planted(tenant))


@makes("reconciliation.case")
def a_case(tenant):
    return shop.make("case", tenant, customer=_payer(tenant), subject=planted(tenant))


@makes("reconciliation.campaignmember")
def a_campaign_member(tenant):
    campaign = shop.item(tenant, "campaign", name=planted(tenant))
    return shop.make("campaign_member", tenant, campaign=campaign, person=shop.person(tenant))


@makes("reconciliation.customrecord")
def a_custom_record(tenant):
    return shop.make(
        "custom_record", tenant, customer=_payer(tenant), name=planted(tenant), object="Gadget__c"
    )


@makes("reconciliation.task")
def a_task(tenant):
    return shop.make("task", tenant, customer=_payer(tenant), subject=planted(tenant))


@makes("reconciliation.vendor")
def a_vendor(tenant):
    return shop.vendor(tenant, name=planted(tenant))


@makes("reconciliation.apinvoice")
def an_ap_invoice(tenant):
    return shop.ap_invoice(tenant, vendor=shop.vendor(tenant), supplier="S-1", notation=planted(tenant))


@makes("reconciliation.adjustment")
def an_adjustment(tenant):
    return shop.make("adjustment", tenant, number="301", memo=planted(tenant))


@makes("reconciliation.apbill")
def an_ap_bill(tenant):
    return shop.make("ap_bill", tenant, vendor=shop.vendor(tenant), number="B-7001", summary=planted(tenant))


@makes("reconciliation.apcorrection")
def an_ap_correction(tenant):
    bill = shop.ap_invoice(tenant, vendor=shop.vendor(tenant), supplier="S-1")
    return shop.make("ap_correction", tenant, ap_invoice=bill, kind="C", notation=planted(tenant))


@makes("reconciliation.stockmovement")
def a_stock_movement(tenant):
    return shop.make("stock_movement", tenant, stock_code="CAP-45-5", store="MAIN", notation=planted(tenant))


@makes("reconciliation.stocklevel")
def a_stock_level(tenant):
    return shop.make("stock_level", tenant, stock_code=planted(tenant), store="MAIN", on_hand=3)


@makes("reconciliation.purchaseorder")
def a_purchase_order(tenant):
    return shop.purchase_order(tenant, number="4001", summary=planted(tenant))


@makes("reconciliation.purchaseorderline")
def a_purchase_order_line(tenant):
    order = shop.purchase_order(tenant, number="4002")
    return shop.make(
        "purchase_order_line", tenant, purchase_order=order, description=planted(tenant), ordered=3
    )
