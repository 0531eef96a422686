"""What a sales system knows of a customer: its people, deals, cases, campaign members and tasks."""

from django.db import models

from reconciliation.models.base import Address, Record, belongs_to, money, refers_to


class Person(Record, Address):
    """Somebody at a customer, as a sales system keeps people: one row with all ways to reach them.

    The keys are how somebody is looked for in any spelling: see `reconciliation.reaching`.
    """

    customer = belongs_to("Customer", "people", null=True, blank=True)
    owner = refers_to("ReferenceItem")
    salutation = models.TextField(blank=True)
    first_name = models.TextField(blank=True)
    last_name = models.TextField(blank=True)
    title = models.TextField(blank=True)
    email = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    mobile = models.TextField(blank=True)
    email_key = models.TextField(blank=True, editable=False)
    phone_key = models.TextField(blank=True, editable=False)
    mobile_key = models.TextField(blank=True, editable=False)
    do_not_call = models.BooleanField(default=False)
    do_not_email = models.BooleanField(default=False)
    membership_tier = models.TextField(blank=True)
    membership_status = models.TextField(blank=True)
    membership_from = models.TextField(blank=True, help_text="YYYY-MM-DD")
    membership_to = models.TextField(blank=True, help_text="YYYY-MM-DD")

    class Meta:
        verbose_name_plural = "people"
        indexes = [
            models.Index(fields=["tenant", "last_name"], name="person_by_name"),
            models.Index(fields=["tenant", "email"], name="person_by_email"),
            models.Index(fields=["tenant", "email_key"], name="person_by_email_key"),
            models.Index(fields=["tenant", "phone_key"], name="person_by_phone_key"),
            models.Index(fields=["tenant", "mobile_key"], name="person_by_mobile_key"),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or f"Person {self.pk}"


class Opportunity(Record):
    """A deal: open, won or lost. `job` is the work that was sold with it (a job has one deal at most) and
    `technician` who did it."""

    customer = belongs_to("Customer", "opportunities", null=True, blank=True)
    job = refers_to("Job")
    technician = refers_to("ReferenceItem")
    campaign = refers_to("ReferenceItem")
    owner = refers_to("ReferenceItem")
    name = models.TextField(blank=True)
    stage = models.TextField(blank=True)
    amount = money()
    probability = money()
    closes_on = models.TextField("close date", blank=True, help_text="YYYY-MM-DD")
    kind = models.TextField(blank=True)
    lead_source = models.TextField(blank=True)
    next_step = models.TextField(blank=True)
    description = models.TextField(blank=True)
    service_type = models.TextField(blank=True, help_text="What work was sold, in the sales system's words")
    place = models.TextField(
        blank=True, help_text="Where the work is to be done: an address, or a location's id"
    )
    wanted_from = models.DateTimeField("wanted from", null=True, blank=True)
    wanted_until = models.DateTimeField("wanted until", null=True, blank=True)
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "opportunities"
        constraints = [
            models.UniqueConstraint(
                fields=["job"], condition=models.Q(job__isnull=False), name="one_opportunity_per_job"
            )
        ]
        indexes = [models.Index(fields=["tenant", "stage"], name="opportunity_by_stage")]

    def __str__(self) -> str:
        return self.name or f"Opportunity {self.pk}"


class OpportunityRole(Record):
    """A person's part in a deal."""

    opportunity = belongs_to("Opportunity", "roles")
    person = belongs_to("Person", "roles")
    role = models.TextField(blank=True)
    is_primary = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["tenant"], name="opportunity_role_by_tenant")]

    def __str__(self) -> str:
        return self.role or f"Role {self.pk}"


class Case(Record):
    """Something that went wrong or was asked, until it is settled."""

    customer = belongs_to("Customer", "cases", null=True, blank=True)
    job = refers_to("Job", indexed=True)
    person = refers_to("Person", indexed=True)
    owner = refers_to("ReferenceItem")
    number = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    description = models.TextField(blank=True)
    status = models.TextField(blank=True)
    priority = models.TextField(blank=True)
    origin = models.TextField(blank=True)
    kind = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    is_closed = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "status"], name="case_by_status"),
            models.Index(fields=["tenant", "number"], name="case_by_number"),
        ]

    def __str__(self) -> str:
        return f"Case {self.number}" if self.number else self.subject or f"Case {self.pk}"


class CampaignMember(Record):
    """A person in a campaign."""

    campaign = refers_to("ReferenceItem", indexed=True)
    person = refers_to("Person", indexed=True)
    status = models.TextField(blank=True)
    has_responded = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["tenant"], name="campaign_member_by_tenant")]

    def __str__(self) -> str:
        return f"Campaign member {self.pk}"


class CustomRecord(Record):
    """A row of an object that an account has made for itself: what all such have in common, and the rest by name."""

    customer = refers_to("Customer", indexed=True)
    person = refers_to("Person", indexed=True)
    opportunity = refers_to("Opportunity", indexed=True)
    case = refers_to("Case", indexed=True)
    owner = refers_to("ReferenceItem")
    object = models.TextField(blank=True, help_text="The object's name in its system")
    name = models.TextField(blank=True)
    status = models.TextField(blank=True)
    amount = money()
    day = models.TextField(blank=True, help_text="YYYY-MM-DD")
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "object", "name"], name="custom_record_by_name")]

    def __str__(self) -> str:
        return self.name or f"Custom record {self.pk}"


class Task(Record):
    """Something that somebody of the sales team does for a customer."""

    customer = belongs_to("Customer", "tasks", null=True, blank=True)
    person = refers_to("Person", indexed=True)
    opportunity = refers_to("Opportunity", indexed=True)
    case = refers_to("Case", indexed=True)
    owner = refers_to("ReferenceItem")
    subject = models.TextField(blank=True)
    status = models.TextField(blank=True)
    priority = models.TextField(blank=True)
    due_on = models.TextField("due date", blank=True, help_text="YYYY-MM-DD")
    kind = models.TextField(blank=True)
    description = models.TextField(blank=True)
    is_closed = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["tenant", "status"], name="task_by_status")]

    def __str__(self) -> str:
        return self.subject or f"Task {self.pk}"
