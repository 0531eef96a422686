"""The names of columns that finance builds on. One that is renamed or moved breaks a spreadsheet: add at the end."""

from pathlib import Path

import pytest

from reconciliation.exports import plan_for
from reconciliation.exports.catalogue import entity_names

COLUMNS = {
    "customer": """
        id external_id active source_modified_at name street unit city state postal_code country
        kind latitude longitude balance credit_limit tax_exempt do_not_mail do_not_service
        national_account tag_ids currency merged_into_external_id source_created_at tag_names main_phone
    """,
    "job": """
        id external_id active source_modified_at customer_external_id customer location_external_id
        location business_unit_external_id business_unit job_type_external_id job_type
        campaign_external_id campaign number status priority summary summary_of_work completed_at
        total customer_po no_charge tag_ids currency source_created_at lead_source tag_names
    """,
    "invoice": """
        id external_id active source_modified_at customer_external_id customer location_external_id
        location job_external_id job business_unit_external_id business_unit number kind invoiced_at
        due_at paid_at subtotal tax total balance sync_status review_status summary adjustment_of
        currency source_created_at
    """,
    "invoice_line": """
        id external_id active source_modified_at invoice_external_id invoice position kind sku
        description quantity unit_price total cost taxable currency
    """,
    "payment": """
        id external_id active source_modified_at customer_external_id customer
        payment_type_external_id payment_type business_unit_external_id business_unit number kind
        method paid_at total unapplied memo check_number auth_code sync_status currency
        source_created_at
    """,
    "payment_split": """
        id external_id active source_modified_at payment_external_id payment invoice_external_id
        invoice invoice_number amount applied_at currency
    """,
    "ap_invoice": """
        id external_id active source_modified_at vendor_external_id vendor invoice_external_id invoice
        number kind supplier branch reference notation invoiced_on due_on total tax tax_code currency
        journal posted_on balance source_created_at
    """,
    "ap_invoice_line": """
        id external_id active source_modified_at ap_invoice_external_id ap_invoice position stock_code
        description quantity ledger_code amount notation currency
    """,
    "ap_bill": """
        id external_id active source_modified_at kind vendor_external_id vendor job_external_id job
        business_unit_external_id business_unit number vendor_number status sync_status entered_by summary
        billed_at due_at total tax shipping cancelled_at currency source_created_at
    """,
    "ap_correction": """
        id external_id active source_modified_at ap_invoice_external_id ap_invoice number kind supplier reference
        branch notation total tax tax_code journal posted_on currency source_created_at
    """,
    "ap_correction_line": """
        id external_id active source_modified_at ap_correction_external_id ap_correction position ledger_code
        amount notation currency
    """,
    "adjustment": """
        id external_id active source_modified_at warehouse_external_id warehouse business_unit_external_id
        business_unit number reference kind memo summary adjusted_at sync_status cancelled_at cancel_reason
        posted_as source_created_at place
    """,
    "adjustment_line": """
        id external_id active source_modified_at adjustment_external_id adjustment sku name description
        quantity cost total is_active currency
    """,
    "stock_movement": """
        id external_id active source_modified_at adjustment_external_id adjustment stock_code store quantity
        kind reference notation moved_on value journal currency source_created_at
    """,
    "stock_level": """
        id external_id active source_modified_at stock_code store on_hand allocated on_order in_transit
        unit_cost last_moved_on source_created_at
    """,
    "conflict": """
        id external_id active source_modified_at record_type record_id record system field base
        portal_value remote_value outcome final_value settled_how settled_by policy settled_at
        found_at note
    """,
    "merge": """
        id external_id active source_modified_at record_type survivor_id survivor loser_ids
        loser_external_ids losers merged_by merged_at note undone undone_by undone_at
    """,
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_of_finances_exports_keep_their_names_and_places(name):
    assert [column.name for column in plan_for(name).columns] == COLUMNS[name].split()


def documented() -> dict[str, list[str]]:
    """The columns of each export as README.md has them; a name with a star stands for two."""
    found: dict[str, list[str]] = {}
    readme = Path(__file__).parents[2] / "README.md"
    for line in readme.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) > 1:
            columns = [name.strip() for name in cells[1].split(",")]
            twice = [
                part
                for name in columns
                for part in ([f"{name[:-2]}_external_id", name[:-2]] if name.endswith("\\*") else [name])
            ]
            names = [name.strip("` ") for name in cells[0].removesuffix("(settled)").split(",")]
            found.update(dict.fromkeys(names, twice))
    return found


@pytest.mark.parametrize("name", entity_names())
def test_the_columns_of_every_export_stand_in_the_readme(name):
    common = ["id", "external_id", "active", "source_modified_at"]
    assert [*common, *documented()[name]] == [column.name for column in plan_for(name).columns]
