"""People and settings: users, queues, record types, the org itself, stages and statuses."""

from integrations.sandbox.salesforce.standard_sales import Declared

USER = """
Username string 80 R key unique
LastName string 80 R
FirstName string 40
Name string 121 ro label:Full_Name
Alias string 8 R
Email email 128 R
CommunityNickname string 40 label:Nickname
ProfileId reference R >Profile
UserRoleId reference >UserRole
TimeZoneSidKey picklist 40 R label:Time_Zone = America/Los_Angeles|America/Denver|America/Chicago|America/New_York
LocaleSidKey picklist 40 R label:Locale = en_US
LanguageLocaleKey picklist 40 R label:Language = en_US
EmailEncodingKey picklist 40 R label:Email_Encoding = UTF-8|ISO-8859-1
IsActive boolean default:true label:Active
Title string 80
Department string 80
Division string 80
CompanyName string 80
Phone phone 40
MobilePhone phone 40 label:Cell
Fax phone 40
Extension phone 40
Street textarea 255
City string 40
State string 80
PostalCode string 20
Country string 80
ManagerId reference >User
FederationIdentifier string 512 key label:SAML_Federation_ID
EmployeeNumber string 20
UserType picklist 40 ro = Standard|PowerPartner|CspLitePortal|AutomatedProcess
ContactId reference ro >Contact
AboutMe textarea 1000
"""
PROFILE = """
Name string 255 ro
UserType picklist 40 ro = Standard
"""
ROLE = """
Name string 80 ro
DeveloperName string 80 ro
"""
GROUP = """
Name string 40 ro
DeveloperName string 80 ro
Type picklist 40 ro = Queue|Regular
Email email 255 ro
"""
RECORD_TYPE = """
Name string 80 ro
DeveloperName string 80 ro
SobjectType picklist 40 ro
IsActive boolean ro
IsPersonType boolean ro
"""
ORGANIZATION = """
Name string 80 ro
InstanceName string 5 ro
IsSandbox boolean ro
OrganizationType picklist 40 ro
NamespacePrefix string 15 ro
TimeZoneSidKey picklist 40 ro
DefaultLocaleSidKey picklist 40 ro
LanguageLocaleKey picklist 40 ro
TrialExpirationDate datetime ro
"""
STAGE = """
MasterLabel string 255 ro
ApiName string 255 ro
IsActive boolean ro
IsClosed boolean ro
IsWon boolean ro
DefaultProbability percent 3,0 ro
ForecastCategoryName picklist 40 ro
SortOrder int 9,0 ro
"""
CASE_STATUS = """
MasterLabel string 255 ro
ApiName string 255 ro
IsClosed boolean ro
IsDefault boolean ro
SortOrder int 9,0 ro
"""
QUIET = {"owned": False, "deletable": False}

SET_UP: tuple[Declared, ...] = (
    ("User", "005", USER, QUIET),
    ("Profile", "00e", PROFILE, QUIET),
    ("UserRole", "00E", ROLE, QUIET),
    ("Group", "00G", GROUP, QUIET),
    ("RecordType", "012", RECORD_TYPE, QUIET),
    ("Organization", "00D", ORGANIZATION, QUIET),
    ("OpportunityStage", "01J", STAGE, QUIET),
    ("CaseStatus", "01Z", CASE_STATUS, {**QUIET, "plural": "Case Statuses"}),
)
