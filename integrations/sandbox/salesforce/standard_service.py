"""Cases, campaigns and tasks."""

from integrations.sandbox.salesforce.standard_sales import Declared

CASE = """
CaseNumber string 30 auto key
Status picklist 255 default:New = New|Working|Escalated|Closed
Priority picklist 255 default:Medium = High|Medium|Low
Origin picklist 255 label:Case_Origin = Phone|Email|Web
Type picklist 255 label:Case_Type = Mechanical|Electrical|Electronic|Structural|Other
Reason picklist 255 label:Case_Reason = Installation|Equipment Complexity|Performance|Breakdown|\
Equipment Design|Feedback|Other
Subject string 255
Description textarea 32000
ContactId reference >Contact kids:Cases
AccountId reference >Account kids:Cases
ParentId reference >Case rel:Parent kids:Cases label:Parent_Case_ID
SuppliedName string 80 label:Web_Name
SuppliedEmail email 80 label:Web_Email
SuppliedPhone string 40 label:Web_Phone
SuppliedCompany string 80 label:Web_Company
Comments textarea 4000 label:Internal_Comments
ContactPhone phone 40 ro
ContactMobile phone 40 ro
ContactEmail email 80 ro
ContactFax phone 40 ro
IsClosed boolean ro label:Closed
ClosedDate datetime ro
IsEscalated boolean label:Escalated
MasterRecordId reference ro >Case rel:MasterRecord label:Master_Record_ID
"""

CAMPAIGN = """
Name string 80 R
IsActive boolean label:Active
Status picklist 40 default:Planned = Planned|In Progress|Completed|Aborted
Type picklist 40 = Conference|Webinar|Trade Show|Public Relations|Partners|Referral Program|\
Advertisement|Banner Ads|Direct Mail|Email|Telemarketing|Other
StartDate date
EndDate date
BudgetedCost currency 18,0
ActualCost currency 18,0
ExpectedRevenue currency 18,0
ExpectedResponse percent 10,2
NumberSent double 18,0 label:Num_Sent
ParentId reference >Campaign rel:Parent kids:ChildCampaigns label:Parent_Campaign_ID
Description textarea 32000
NumberOfContacts int 9,0 ro
NumberOfLeads int 9,0 ro
NumberOfConvertedLeads int 9,0 ro
NumberOfResponses int 9,0 ro
NumberOfOpportunities int 9,0 ro
NumberOfWonOpportunities int 9,0 ro
AmountAllOpportunities currency 18,2 ro
AmountWonOpportunities currency 18,2 ro
"""

CAMPAIGN_MEMBER = """
CampaignId reference R co >Campaign kids:CampaignMembers
ContactId reference co >Contact kids:CampaignMembers
LeadId reference co >Lead kids:CampaignMembers
Status picklist 40 default:Sent = Sent|Responded
HasResponded boolean ro
FirstRespondedDate date ro
LeadOrContactId reference ro >Contact/Lead rel:LeadOrContact
Name string 121 ro
FirstName string 40 ro
LastName string 80 ro
Email email 80 ro
Phone phone 40 ro
CompanyOrAccount string 255 ro
Type picklist 40 ro = Contact|Lead
"""

MEMBER_STATUS = """
CampaignId reference R co >Campaign kids:CampaignMemberStatuses
Label string 765 R
SortOrder int 9,0
IsDefault boolean
HasResponded boolean
"""

TASK = """
Subject combobox 255 = Call|Send Letter|Send Quote|Other
Status picklist 255 default:Not_Started = Not Started|In Progress|Completed|Waiting on someone else|Deferred
Priority picklist 255 default:Normal = High|Normal|Low
ActivityDate date label:Due_Date_Only
WhoId reference >Contact/Lead rel:Who kids:Tasks label:Name_ID
WhatId reference >Account/Opportunity/Case/Campaign/ST_Invoice__c rel:What kids:Tasks label:Related_To_ID
AccountId reference ro >Account
Description textarea 32000
TaskSubtype picklist 40 co default:Task = Task|Email|Call|ListEmail
CallType picklist 40 = Internal|Inbound|Outbound
CallDurationInSeconds int 8,0 label:Call_Duration
CallDisposition string 255 label:Call_Result
CallObject string 255 label:Call_Object_Identifier
IsReminderSet boolean label:Reminder_Set
ReminderDateTime datetime
IsClosed boolean ro label:Closed
IsHighPriority boolean ro label:High_Priority
IsArchived boolean ro label:Archived
CompletedDateTime datetime ro
"""

SERVICE: tuple[Declared, ...] = (
    ("Case", "500", CASE, {}),
    ("Campaign", "701", CAMPAIGN, {}),
    ("CampaignMember", "00v", CAMPAIGN_MEMBER, {"owned": False}),
    ("CampaignMemberStatus", "01Y", MEMBER_STATUS, {"owned": False, "plural": "Campaign Member Statuses"}),
    ("Task", "00T", TASK, {}),
)
