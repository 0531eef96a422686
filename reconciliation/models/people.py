"""Customers, how to reach them, and where the work is done."""

from django.db import models

from reconciliation.models.base import Address, Record, belongs_to, money, new_tags


class Customer(Record, Address):
    """Who pays. A merged customer stays as a tombstone that points at its survivor."""

    name = models.TextField(blank=True)
    name_key = models.TextField(blank=True, editable=False)
    address_key = models.TextField(blank=True, editable=False)
    kind = models.TextField(blank=True, help_text="Residential or Commercial")
    main_phone = models.TextField(
        blank=True, help_text="As a sales system keeps it; contacts are what the shop calls."
    )
    phone_key = models.TextField(blank=True, editable=False)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    balance = money()
    credit_limit = money()
    tax_exempt = models.BooleanField(default=False)
    do_not_mail = models.BooleanField(default=False)
    do_not_service = models.BooleanField(default=False)
    national_account = models.BooleanField(default=False)
    tag_ids = models.JSONField(default=list, blank=True)
    tag_names = new_tags()
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_from",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        indexes = [
            # The address rides along so that a search of both is answered from the index alone.
            models.Index(fields=["tenant", "name_key", "address_key"], name="customer_by_name"),
            models.Index(
                fields=["merged_into"], name="customer_merged", condition=models.Q(merged_into__isnull=False)
            ),
            models.Index(
                fields=["tenant", "phone_key"], name="customer_by_phone", condition=~models.Q(phone_key="")
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Customer {self.pk}"


class Location(Record, Address):
    """Where work is done. A landlord has many."""

    customer = belongs_to("Customer", "locations")
    name = models.TextField(blank=True)
    address_key = models.TextField(blank=True, editable=False)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    tax_exempt = models.BooleanField(default=False)
    tag_ids = models.JSONField(default=list, blank=True)
    tag_names = new_tags()
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_from",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        indexes = [models.Index(fields=["tenant", "address_key"], name="location_by_address")]

    def __str__(self) -> str:
        return self.name or self.address or f"Location {self.pk}"


class Contact(Record):
    """A phone number or e-mail address of a customer or of one of its locations.

    `value` is what the source holds, letter for letter; `e164` and `extension` are what could be read from
    it. A value that could not be read stays, with `usable` False.
    """

    class Kind(models.TextChoices):
        PHONE = "phone"
        MOBILE = "mobile"
        FAX = "fax"
        EMAIL = "email", "e-mail"

    customer = belongs_to("Customer", "contacts", null=True, blank=True)
    location = belongs_to("Location", "contacts", null=True, blank=True)
    kind = models.TextField(choices=Kind.choices)
    value = models.TextField(blank=True)
    e164 = models.TextField(blank=True)
    extension = models.TextField(blank=True)
    email = models.TextField(blank=True)
    usable = models.BooleanField(default=True)
    memo = models.TextField(blank=True)
    do_not_text = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "e164"], name="contact_by_phone"),
            models.Index(fields=["tenant", "email"], name="contact_by_email"),
            models.Index(fields=["tenant"], name="contact_unusable", condition=models.Q(usable=False)),
        ]

    def __str__(self) -> str:
        return self.value
