"""A fresh org: its settings, its users, and as many made-up accounts as wanted, all following from the seed."""

from random import Random

from integrations.sandbox.clock import Clock
from integrations.sandbox.salesforce import moments
from integrations.sandbox.salesforce.access import USERNAME
from integrations.sandbox.salesforce.derived import HOOKS, STAGES
from integrations.sandbox.salesforce.ids import make_id
from integrations.sandbox.salesforce.org import Org
from integrations.sandbox.salesforce.schema import Schema
from integrations.sandbox.salesforce.store import Store
from integrations.sandbox.servicetitan.people import FIRST, LAST, TOWNS

TEAM = (("Sam", "Rivera", "Standard"), ("Ada", "Brooks", "Standard"), ("Tom", "Nguyen", "Standard"))
LOCALE = {"TimeZoneSidKey": "America/Los_Angeles", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
          "EmailEncodingKey": "UTF-8"}  # fmt: skip
YEAR = 365 * 86_400.0


def found_org(schema: Schema, clock: Clock, seed: int, accounts: int) -> Org:
    """The org with its set-up and `accounts` business accounts that have a contact and maybe a deal."""
    org = Org(schema, Store(schema), clock, hooks=HOOKS)
    org.id = make_id("00D", 900_001)
    _people(org)
    _set_up(org)
    draw = Random(f"salesforce:{seed}")
    for _ in range(accounts):
        _account(org, draw)
    return org


def _people(org: Org) -> None:
    profile = org.seed("Profile", Name="Standard User", UserType="Standard")
    shared = {"ProfileId": profile["Id"], "UserType": "Standard", **LOCALE}
    org.user_id = make_id("005", 1)
    org.seed("User", Username=USERNAME, FirstName="Trunkline", LastName="Integration", Alias="trunk",
             Email="integration@hartwell.example", **shared)  # fmt: skip
    for first, last, kind in TEAM:
        name = f"{first}.{last}@hartwell.example".lower()
        org.seed("User", Username=name, FirstName=first, LastName=last, Alias=first.lower(), Email=name,
                 **{**shared, "UserType": kind})  # fmt: skip
    org.seed("User", Username="former@hartwell.example", FirstName="Fay", LastName="Former", Alias="former",
             Email="former@hartwell.example", IsActive=False, **shared)  # fmt: skip
    org.seed("Group", Name="Service Recovery", DeveloperName="Service_Recovery", Type="Queue")


def _set_up(org: Org) -> None:
    org.seed("Organization", Id=org.id, Name="Hartwell Plumbing & Air", InstanceName="SBX1", IsSandbox=True,
             OrganizationType="Enterprise Edition", TimeZoneSidKey="America/Los_Angeles",
             DefaultLocaleSidKey="en_US", LanguageLocaleKey="en_US")  # fmt: skip
    if "IsPersonAccount" in org.schema.objects["Account"].fields:
        for name, is_person in (("Business Account", False), ("Person Account", True)):
            org.seed("RecordType", Name=name, DeveloperName="PersonAccount" if is_person else "Business_Account",
                     SobjectType="Account", IsActive=True, IsPersonType=is_person)  # fmt: skip
    for place, (stage, (chance, forecast)) in enumerate(STAGES.items(), 1):
        org.seed("OpportunityStage", MasterLabel=stage, ApiName=stage, IsActive=True, SortOrder=place,
                 IsClosed=forecast != "Pipeline", IsWon=forecast == "Closed", DefaultProbability=float(chance),
                 ForecastCategoryName=forecast)  # fmt: skip
    for place, status in enumerate(org.schema.objects["Case"].fields["Status"].values, 1):
        org.seed("CaseStatus", MasterLabel=status, ApiName=status, SortOrder=place, IsClosed=status == "Closed",
                 IsDefault=status == "New")  # fmt: skip
    org.seed("Pricebook2", Name="Standard Price Book", IsActive=True, IsStandard=True)


def _account(org: Org, draw: Random) -> None:
    first, last = draw.choice(FIRST), draw.choice(LAST)
    town, zip_code = draw.choice(TOWNS)
    phone = f"(775) 555-{draw.randrange(10_000):04d}"
    then = moments.to_text(org.clock.now() - draw.uniform(0.01, 1) * YEAR)
    stamps = {"CreatedDate": then, "LastModifiedDate": then, "SystemModstamp": then}
    street = f"{draw.randrange(100, 9999)} {draw.choice(('Elm', 'Oak', 'Sierra', 'Juniper'))} St"
    account = org.seed(
        "Account", Name=f"{last} {draw.choice(('Bakery', 'Dental', 'Realty', 'Storage', 'Motors'))}", Phone=phone,
        Type="Customer - Direct", BillingStreet=street, BillingCity=town, BillingState="NV",
        BillingPostalCode=zip_code, BillingCountry="USA", **stamps,
    )  # fmt: skip
    contact = org.seed("Contact", AccountId=account["Id"], FirstName=first, LastName=last, Phone=phone,
                       Email=f"{first}.{last}@example.com".lower().replace("'", ""), **stamps)  # fmt: skip
    if draw.random() < 0.5:
        deal = org.seed("Opportunity", Name=f"{account['Name']} - service", AccountId=account["Id"], CloseDate=then[:10],
                        StageName=draw.choice(list(STAGES)), Amount=float(draw.randrange(200, 20_000)),
                        **stamps)  # fmt: skip
        org.seed("OpportunityContactRole", OpportunityId=deal["Id"], ContactId=contact["Id"], IsPrimary=True,
                 **stamps)  # fmt: skip
