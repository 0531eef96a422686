"""A company to begin with: its set-up, ledger, suppliers and some of their invoices, all following from the seed."""

from decimal import Decimal
from random import Random

from integrations.sandbox.clock import Clock
from integrations.sandbox.servicetitan.people import FIRST, LAST, TOWNS
from integrations.sandbox.syspro.company import CONTROL_ACCOUNT, TAX_ACCOUNT, Company
from integrations.sandbox.syspro.office import add_invoice, add_order, add_stock, add_supplier, receive_order
from integrations.sandbox.syspro.sessions import Operator, Sessions
from integrations.sandbox.syspro.store import Store

CODE, NAME = "HPA", "Hartwell Plumbing & Air"
OPERATOR, OPERATOR_PASSWORD, COMPANY_PASSWORD = "TRUNKLN", "sandbox-operator", "sandbox-company"
ODATA_USER, ODATA_PASSWORD = "ODATA", "sandbox-odata"
PEOPLE = (("ADMIN", "Sam Rivera"), ("APCLERK", "Ada Brooks"), ("STORES", "Tom Nguyen"))

ACCOUNTS = (
    ("00-1010", "Cash at bank", "A"), ("00-1300", "Inventory on hand", "A"), (TAX_ACCOUNT, "Input tax", "A"),
    (CONTROL_ACCOUNT, "Accounts payable control", "L"), ("00-2150", "Goods received not invoiced", "L"),
    ("10-4000", "Plumbing service revenue", "R"), ("20-4000", "HVAC service revenue", "R"),
    ("10-5100", "Plumbing materials", "E"), ("20-5100", "HVAC materials", "E"), ("30-5100", "Electrical materials", "E"),
    ("10-5200", "Plumbing subcontractors", "E"), ("20-5200", "HVAC subcontractors", "E"), ("00-5300", "Freight in", "E"),
    ("00-5900", "Inventory adjustments", "E"), ("30-4500", "Job expenses", "E"), ("00-6100", "Vehicle fuel", "E"),
    ("00-6200", "Small tools", "E"),
)  # fmt: skip
"""Code, description, type. Branches 10, 20, 30 lead the code."""
BRANCHES = (("10", "Plumbing"), ("20", "HVAC"), ("30", "Electrical"))
TERMS = (
    ("30", "30 days net", 30, 0, "0"),
    ("14", "14 days net", 14, 0, "0"),
    ("CO", "2% in 10 days, net 30", 30, 10, "2"),
)
TAXES = (("A", "State sales tax", "8.25"), ("B", "Reduced rate", "5"), ("E", "Exempt", "0"))
TRADES = (
    "Ferguson Supply", "Winsupply", "Johnstone Parts", "Sierra Pipe", "Carrier West", "Lennox Stores", "Truckee Electric",
    "High Desert Rentals", "Comstock Sheet Metal", "Washoe Fasteners", "Silver State Controls", "Basin Refrigerants",
)  # fmt: skip


WAREHOUSES = (("MAIN", "Reno main store"), ("TRK1", "Truck 1"), ("TRK2", "Truck 2"))
STOCK = (
    ("CAP-45-5", "Run capacitor 45/5 uF 440V", "20", "14.80"), ("FLT-1620", "Air filter 16x20x1 MERV 8", "20", "4.35"),
    ("R410A-25", "Refrigerant R-410A 25 lb", "20", "289.00"), ("THR-T6", "Thermostat T6 Pro", "20", "71.50"),
    ("CND-FAN", "Condenser fan motor 1/4 HP", "20", "118.40"), ("PIP-CU12", "Copper pipe 1/2 in, foot", "10", "2.95"),
    ("WH-50G", "Water heater 50 gal gas", "10", "642.00"), ("TOI-STD", "Toilet, standard height", "10", "164.00"),
    ("VLV-34", "Ball valve 3/4 in", "10", "11.20"), ("BRK-20A", "Breaker 20 A single pole", "30", "8.75"),
    ("SVC", "Service, as invoiced", "10", "1.00"), ("LAB-HR", "Technician, hour", "20", "48.00"),
)  # fmt: skip
"""Code, description, product class (the branch), unit cost."""


def found_company(clock: Clock, seed: int, suppliers: int, key_width: int) -> Company:
    company = Company(Store(), clock, CODE, NAME, key_width=key_width)
    today = company.today()
    company.year, company.month = today.year, today.month
    _set_up(company)
    draw = Random(f"syspro:{seed}")
    for number in range(1, suppliers + 1):
        _supplier(company, draw, number)
    _stock(company, Random(f"syspro stock:{seed}"))
    _orders(company, Random(f"syspro orders:{seed}"), suppliers)
    return company


def let_in(sessions: Sessions, company: Company) -> None:
    """The operators, and the company with its password."""
    sessions.company_passwords = {company.code: COMPANY_PASSWORD}
    service = Operator(OPERATOR, OPERATOR_PASSWORD, "Trunkline integration")
    people = [Operator(code, f"sandbox-{code.lower()}", name) for code, name in PEOPLE]
    sessions.operators = {one.code: one for one in (service, *people)}


def _set_up(company: Company) -> None:
    for code, description, kind in ACCOUNTS:
        company.put("GenMaster", Company=company.code, GlCode=code, Description=description, AccountType=kind,
                    ControlAccFlag="Y" if code == CONTROL_ACCOUNT else "N", AccOnHldFlag="N")  # fmt: skip
    for branch, description in BRANCHES:
        company.put("ApBranch", Branch=branch, Description=description)
    for code, description, due, discount, percent in TERMS:
        company.put("TblApTerms", TermsCode=code, Description=description, DueDays=due, DiscDays=discount,
                    DiscPct=percent)  # fmt: skip
    for code, description, rate in TAXES:
        company.put("AdmTax", TaxCode=code, Description=description, CurTaxRate=rate)
    company.put("ApBank", Bank="CHASE", Description="Chase operating account", Currency="USD")
    company.put("TblCurrency", Currency="USD", Description="US dollar", BuyExchangeRate=1)
    company.put("TblCurrency", Currency="CAD", Description="Canadian dollar", BuyExchangeRate="0.74")


def _stock(company: Company, draw: Random) -> None:
    for warehouse, description in WAREHOUSES:
        company.put("InvWhControl", Warehouse=warehouse, Description=description)
    for code, description, product_class, cost in STOCK:
        held = {
            warehouse: draw.randrange(20, 200) if warehouse == "MAIN" else draw.randrange(5)
            for warehouse, _ in WAREHOUSES
        }
        add_stock(company, code, description, cost, held, ProductClass=product_class)


def _supplier(company: Company, draw: Random, number: int) -> None:
    town, zip_code = draw.choice(TOWNS)
    trade = TRADES[(number - 1) % len(TRADES)] + ("" if number <= len(TRADES) else f" {number}")
    person = f"{draw.choice(FIRST)} {draw.choice(LAST)}"
    add_supplier(
        company, str(number), trade, Branch=draw.choice(BRANCHES)[0], TermsCode=draw.choice(TERMS)[0], Contact=person,
        Telephone=f"(775) 555-{draw.randrange(10_000):04d}", Email=f"orders@{trade.split()[0].lower()}.example",
        City=town, CountyZip=zip_code, TaxRegnNum=f"88-{draw.randrange(10**7):07d}", SupplierClass="TR",
        SupAddr1=f"{draw.randrange(100, 9999)} Industrial Way", SupAddr3=town, SupAddr4="NV", SupPostalCode=zip_code,
    )  # fmt: skip
    for _ in range(draw.randrange(3)):
        total = Decimal(draw.randrange(2_000, 400_000)) / 100
        days = draw.randrange(5, 90)
        add_invoice(
            company, str(number), f"V{draw.randrange(10_000, 99_999)}", total, days, paid=draw.random() < 0.5
        )


def _orders(company: Company, draw: Random, suppliers: int) -> None:
    """One for every third supplier; every other of them has come."""
    for number in range(1, suppliers + 1, 3):
        wanted = draw.sample(STOCK, 2)
        lines = {code: (Decimal(draw.randrange(1, 30)), Decimal(cost)) for code, _, _, cost in wanted}
        order = add_order(
            company, str(number), lines, f"CASE-{draw.randrange(1000, 9999)}", draw.randrange(3, 40)
        )
        if number % 2:
            for line, (quantity, _) in enumerate(lines.values(), 1):
                receive_order(company, order, line, quantity)
