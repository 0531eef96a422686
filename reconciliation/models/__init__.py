"""The portal's own records of a merchant's business, and what ties them to other systems.

A record is golden: one row per real customer, job or invoice, whatever number of systems know it.
"""

from reconciliation.models.background import CustomerImport, MatchPass
from reconciliation.models.base import JSONTextField, QuicklyRead, Record, Source
from reconciliation.models.export_files import ExportFile
from reconciliation.models.ledger import Change, Conflict, Link, MatchCandidate
from reconciliation.models.lists import ReferenceItem
from reconciliation.models.lookups import Among, Literally
from reconciliation.models.matching import BlockingKey, MatchSettings, NameCount, RefusedPair, Unmatched
from reconciliation.models.merges import Merge, MergeMove, MergeSettings
from reconciliation.models.money import Estimate, Invoice, InvoiceLine, Payment, PaymentSplit
from reconciliation.models.payables import (
    ApBill,
    ApCorrection,
    ApCorrectionLine,
    ApInvoice,
    ApInvoiceLine,
    Vendor,
)
from reconciliation.models.people import Contact, Customer, Location
from reconciliation.models.purchasing import PurchaseOrder, PurchaseOrderLine
from reconciliation.models.ratings import Rating
from reconciliation.models.reviews import BulkReview
from reconciliation.models.sales import (
    CampaignMember,
    Case,
    CustomRecord,
    Opportunity,
    OpportunityRole,
    Person,
    Task,
)
from reconciliation.models.stock import Adjustment, AdjustmentLine, StockLevel, StockMovement
from reconciliation.models.work import (
    Appointment,
    Assignment,
    Booking,
    Cancellation,
    Equipment,
    Job,
    Lead,
    Membership,
    Note,
)

__all__ = [
    "Adjustment",
    "AdjustmentLine",
    "Among",
    "ApBill",
    "ApCorrection",
    "ApCorrectionLine",
    "ApInvoice",
    "ApInvoiceLine",
    "Appointment",
    "Assignment",
    "BlockingKey",
    "Booking",
    "BulkReview",
    "CampaignMember",
    "Cancellation",
    "Case",
    "Change",
    "Conflict",
    "Contact",
    "CustomRecord",
    "Customer",
    "CustomerImport",
    "Equipment",
    "Estimate",
    "ExportFile",
    "Invoice",
    "InvoiceLine",
    "JSONTextField",
    "Job",
    "Lead",
    "Link",
    "Literally",
    "Location",
    "MatchCandidate",
    "MatchPass",
    "MatchSettings",
    "Membership",
    "Merge",
    "MergeMove",
    "MergeSettings",
    "NameCount",
    "Note",
    "Opportunity",
    "OpportunityRole",
    "Payment",
    "PaymentSplit",
    "Person",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "QuicklyRead",
    "Rating",
    "Record",
    "ReferenceItem",
    "RefusedPair",
    "Source",
    "StockLevel",
    "StockMovement",
    "Task",
    "Unmatched",
    "Vendor",
]
