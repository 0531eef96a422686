"""What the shop does for a customer: leads, bookings, jobs, visits, and what stays in the house."""

from django.db import models

from reconciliation.models.base import BY_BEGINNING, Address, Record, belongs_to, money, new_tags, refers_to


class Lead(Record, Address):
    """Somebody who asked and has not booked yet."""

    customer = refers_to("Customer", indexed=True)
    location = refers_to("Location")
    business_unit = refers_to("ReferenceItem")
    job_type = refers_to("ReferenceItem")
    campaign = refers_to("ReferenceItem")
    status = models.TextField(blank=True)
    priority = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    name = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    email = models.TextField(blank=True)
    follow_up_at = models.DateTimeField(null=True, blank=True)
    lead_source = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "status"], name="lead_by_status")]

    def __str__(self) -> str:
        return self.name or f"Lead {self.pk}"


class Booking(Record, Address):
    """A request for a visit from a booking provider, before it becomes a job."""

    job = refers_to("Job", indexed=True)
    business_unit = refers_to("ReferenceItem")
    job_type = refers_to("ReferenceItem")
    campaign = refers_to("ReferenceItem")
    status = models.TextField(blank=True)
    source = models.TextField(blank=True)
    name = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    priority = models.TextField(blank=True)
    reference = models.TextField(blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    is_first_time = models.BooleanField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "status"], name="booking_by_status")]

    def __str__(self) -> str:
        return self.name or f"Booking {self.pk}"


class Job(Record):
    """A piece of work at a location."""

    customer = belongs_to("Customer", "jobs")
    location = belongs_to("Location", "jobs")
    business_unit = refers_to("ReferenceItem")
    job_type = refers_to("ReferenceItem")
    campaign = refers_to("ReferenceItem")
    number = models.TextField(blank=True)
    status = models.TextField(blank=True)
    priority = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    summary_of_work = models.TextField(blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    total = money()
    customer_po = models.TextField(blank=True)
    no_charge = models.BooleanField(default=False)
    tag_ids = models.JSONField(default=list, blank=True)
    tag_names = new_tags()
    lead_source = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "number"], name="job_by_number", opclasses=BY_BEGINNING),
            models.Index(fields=["tenant", "id"], name="job_by_tenant"),
        ]

    def __str__(self) -> str:
        return f"Job {self.number or f'no. {self.pk}'}"


class Cancellation(Record):
    """That a job was called off, and why. A job may be called off, taken up again and called off once more."""

    job = belongs_to("Job", "cancellations")
    reason = refers_to("ReferenceItem")
    memo = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant"], name="cancellation_by_tenant")]

    def __str__(self) -> str:
        return f"Cancellation of {self.job}"


class Note(Record):
    """A note on a job. Notes are only ever added or taken away, never edited."""

    job = belongs_to("Job", "notes")
    text = models.TextField(blank=True)
    pinned = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["tenant"], name="note_by_tenant")]

    def __str__(self) -> str:
        return self.text[:60]


class Appointment(Record):
    """One visit of a job."""

    job = belongs_to("Job", "appointments")
    number = models.TextField(blank=True)
    status = models.TextField(blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    arrival_window_start = models.DateTimeField(null=True, blank=True)
    arrival_window_end = models.DateTimeField(null=True, blank=True)
    special_instructions = models.TextField(blank=True)
    confirmed = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["tenant", "starts_at"], name="appointment_by_start")]

    def __str__(self) -> str:
        return f"Appointment {self.number}"


class Assignment(Record):
    """A technician on an appointment."""

    appointment = belongs_to("Appointment", "assignments")
    job = refers_to("Job")
    technician = refers_to("ReferenceItem")
    status = models.TextField(blank=True)
    paused = models.BooleanField(default=False)
    assigned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant"], name="assignment_by_tenant")]

    def __str__(self) -> str:
        return f"Assignment {self.pk}"


class Membership(Record):
    """A customer's maintenance plan."""

    customer = belongs_to("Customer", "memberships")
    location = refers_to("Location")
    membership_type = refers_to("ReferenceItem")
    business_unit = refers_to("ReferenceItem")
    status = models.TextField(blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    next_bill_at = models.DateTimeField(null=True, blank=True)
    billing_frequency = models.TextField(blank=True)
    memo = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "status"], name="membership_by_status")]

    def __str__(self) -> str:
        return f"Membership {self.pk}"


class Equipment(Record):
    """A unit installed at a location."""

    location = belongs_to("Location", "equipment")
    customer = refers_to("Customer", indexed=True)
    name = models.TextField(blank=True)
    kind = models.TextField(blank=True)
    manufacturer = models.TextField(blank=True)
    model = models.TextField(blank=True)
    serial_number = models.TextField(blank=True)
    status = models.TextField(blank=True)
    memo = models.TextField(blank=True)
    installed_at = models.DateTimeField(null=True, blank=True)
    warranty_ends_at = models.DateTimeField(null=True, blank=True)
    cost = money()

    class Meta:
        verbose_name_plural = "equipment"
        indexes = [models.Index(fields=["tenant", "serial_number"], name="equipment_by_serial")]

    def __str__(self) -> str:
        return self.name or f"Equipment {self.pk}"
