"""Accounts, contacts and what is sold to them. Lengths and values as a real org describes them."""

from typing import Any

Declared = tuple[str, str, str, dict[str, Any]]

SOURCES = "Web|Phone Inquiry|Partner Referral|Purchased List|Other"
INDUSTRIES = (
    "Agriculture|Apparel|Banking|Biotechnology|Chemicals|Communications|Construction|Consulting|Education|Electronics|"
    "Energy|Engineering|Entertainment|Environmental|Finance|Food & Beverage|Government|Healthcare|Hospitality|"
    "Insurance|Machinery|Manufacturing|Media|Not For Profit|Recreation|Retail|Shipping|Technology|"
    "Telecommunications|Transportation|Utilities|Other"
)
STAGES = (
    "Prospecting|Qualification|Needs Analysis|Value Proposition|Id. Decision Makers|Perception Analysis|"
    "Proposal/Price Quote|Negotiation/Review|Closed Won|Closed Lost"
)

ACCOUNT = f"""
Name string 255 R label:Account_Name
Type picklist 255 label:Account_Type = Prospect|Customer - Direct|Customer - Channel|\
Channel Partner / Reseller|Installation Partner|Technology Partner|Other
RecordTypeId reference >RecordType rel:RecordType label:Record_Type_ID
ParentId reference >Account kids:ChildAccounts label:Parent_Account_ID
address Billing
address Shipping
Phone phone 40 label:Account_Phone
Fax phone 40 label:Account_Fax
AccountNumber string 40
Website url 255
PhotoUrl url 255 ro
Sic string 20 label:SIC_Code
SicDesc string 80 label:SIC_Description
Industry picklist 255 = {INDUSTRIES}
AnnualRevenue currency 18,0
NumberOfEmployees int 8,0 label:Employees
Ownership picklist 255 = Public|Private|Subsidiary|Other
TickerSymbol string 20
Description textarea 32000 label:Account_Description
Rating picklist 255 label:Account_Rating = Hot|Warm|Cold
Site string 80 label:Account_Site
AccountSource picklist 255 = {SOURCES}
Jigsaw string 20 label:Data.com_Key
DunsNumber string 9
Tradestyle string 255
NaicsCode string 8
NaicsDesc string 120
YearStarted string 4
MasterRecordId reference ro >Account rel:MasterRecord label:Master_Record_ID
"""

CONTACT = f"""
LastName string 80 R
FirstName string 40
Salutation picklist 40 = Mr.|Ms.|Mrs.|Dr.|Prof.
Name string 121 ro label:Full_Name
AccountId reference >Account kids:Contacts
Email email 80 key
Phone phone 40 label:Business_Phone
MobilePhone phone 40
HomePhone phone 40
OtherPhone phone 40
AssistantPhone phone 40
Fax phone 40 label:Business_Fax
address Mailing
address Other
Title string 128
Department string 80
AssistantName string 40
ReportsToId reference >Contact rel:ReportsTo
LeadSource picklist 255 = {SOURCES}
Birthdate date
Description textarea 32000 label:Contact_Description
HasOptedOutOfEmail boolean label:Email_Opt_Out
HasOptedOutOfFax boolean label:Fax_Opt_Out
DoNotCall boolean
EmailBouncedReason string 255 ro
EmailBouncedDate datetime ro
IsEmailBounced boolean ro
MasterRecordId reference ro >Contact rel:MasterRecord label:Master_Record_ID
"""

LEAD = f"""
LastName string 80 R
FirstName string 40
Name string 121 ro label:Full_Name
Company string 255 R
Email email 80 key
Phone phone 40
MobilePhone phone 40
Street textarea 255
City string 40
State string 80
PostalCode string 20
Country string 80
Title string 128
LeadSource picklist 255 = {SOURCES}
Status picklist 255 default:Open_-_Not_Contacted = Open - Not Contacted|Working - Contacted|\
Closed - Converted|Closed - Not Converted
Description textarea 32000
IsConverted boolean ro
MasterRecordId reference ro >Lead rel:MasterRecord label:Master_Record_ID
""".replace(
    "address -\n",
    "Street textarea 255\nCity string 40\nState string 80\nPostalCode string 20\nCountry string 80\n",
)

OPPORTUNITY = f"""
Name string 120 R
StageName picklist 255 R label:Stage = {STAGES}
CloseDate date R
AccountId reference >Account kids:Opportunities
ContactId reference co >Contact rel:Contact
Amount currency 18,2
Probability percent 3,0 label:Probability_(%)
ExpectedRevenue currency 18,2 ro label:Expected_Amount
TotalOpportunityQuantity double 18,2 label:Quantity
Type picklist 255 label:Opportunity_Type = Existing Customer - Upgrade|Existing Customer - Replacement|\
Existing Customer - Downgrade|New Customer
NextStep string 255
LeadSource picklist 255 = {SOURCES}
ForecastCategory picklist 40 ro = Omitted|Pipeline|BestCase|Forecast|Closed
ForecastCategoryName picklist 255 label:Forecast_Category = Omitted|Pipeline|Best Case|Commit|Closed
CampaignId reference >Campaign kids:Opportunities
Pricebook2Id reference >Pricebook2 rel:Pricebook2 label:Price_Book_ID
Description textarea 32000
IsPrivate boolean label:Private
IsClosed boolean ro label:Closed
IsWon boolean ro label:Won
HasOpportunityLineItem boolean ro label:Has_Line_Item
HasOpenActivity boolean ro
HasOverdueTask boolean ro
FiscalQuarter int 9,0 ro
FiscalYear int 9,0 ro
Fiscal string 6 ro label:Fiscal_Period
LastStageChangeDate datetime ro
"""

CONTACT_ROLE = """
OpportunityId reference R co >Opportunity kids:OpportunityContactRoles
ContactId reference R >Contact kids:OpportunityContactRoles
Role picklist 40 = Business User|Decision Maker|Economic Buyer|Economic Decision Maker|Evaluator|\
Executive Sponsor|Influencer|Technical Buyer|Other
IsPrimary boolean label:Primary
"""

PRODUCT = """
Name string 255 R key label:Product_Name
ProductCode string 255
StockKeepingUnit string 180 label:Product_SKU
Description textarea 4000 label:Product_Description
IsActive boolean label:Active
Family picklist 255 label:Product_Family = None
QuantityUnitOfMeasure picklist 255
DisplayUrl url 1000
ExternalId string 255
IsArchived boolean ro
"""

PRICE_BOOK = """
Name string 255 R label:Price_Book_Name
IsActive boolean label:Active
IsStandard boolean ro
Description string 255
IsArchived boolean ro
"""

PRICE_BOOK_ENTRY = """
Pricebook2Id reference R co >Pricebook2 rel:Pricebook2 kids:PricebookEntries
Product2Id reference R co >Product2 rel:Product2 kids:PricebookEntries
UnitPrice currency 18,2 R label:List_Price
IsActive boolean label:Active
UseStandardPrice boolean
Name string 255 ro label:Product_Name
ProductCode string 255 ro
"""

LINE_ITEM = """
OpportunityId reference R co >Opportunity kids:OpportunityLineItems
PricebookEntryId reference R co >PricebookEntry rel:PricebookEntry
Product2Id reference ro >Product2 rel:Product2
Quantity double 12,2 R
UnitPrice currency 18,2 label:Sales_Price
TotalPrice currency 18,2
Discount percent 5,2
ServiceDate date label:Date
Description string 255 label:Line_Description
SortOrder int 9,0
ListPrice currency 18,2 ro
Subtotal currency 18,2 ro
Name string 376 ro label:Opportunity_Product_Name
ProductCode string 255 ro
"""

SALES: tuple[Declared, ...] = (
    ("Account", "001", ACCOUNT, {}),
    ("Contact", "003", CONTACT, {}),
    ("Lead", "00Q", LEAD, {}),
    ("Opportunity", "006", OPPORTUNITY, {"plural": "Opportunities"}),
    ("OpportunityContactRole", "00K", CONTACT_ROLE, {"owned": False}),
    ("Product2", "01t", PRODUCT, {"owned": False, "label": "Product"}),
    ("Pricebook2", "01s", PRICE_BOOK, {"owned": False, "label": "Price Book"}),
    (
        "PricebookEntry",
        "01u",
        PRICE_BOOK_ENTRY,
        {"owned": False, "label": "Price Book Entry", "plural": "Price Book Entries"},
    ),
    ("OpportunityLineItem", "00k", LINE_ITEM, {"owned": False, "label": "Opportunity Product"}),
)  # fmt: skip
