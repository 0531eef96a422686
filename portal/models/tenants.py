"""Partners resell Trunkline; tenants are their merchants. Every row above this floor belongs to one tenant."""

import re
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import models


def validate_timezone(value: str) -> None:
    """Refuse what is not a name of the IANA time zone database."""
    if value not in available_timezones():
        raise ValidationError(
            "“%(value)s” is not a time zone. Use an IANA name such as America/Chicago.",
            params={"value": value},
        )


def validate_phone_region(value: str) -> None:
    """Refuse what is not an ISO 3166 country that has phone numbers."""
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValidationError(
            "“%(value)s” is not a country with phone numbers. Use two letters such as US or CA.",
            params={"value": value},
        )


def validate_currency(value: str) -> None:
    """Refuse what is not three capital letters, the form of ISO 4217."""
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValidationError(
            "“%(value)s” is not a currency code. Use three letters such as USD.", params={"value": value}
        )


class Partner(models.Model):
    """An organisation that resells Trunkline and onboards merchants."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(unique=True, help_text="Short name in addresses and commands.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tenant(models.Model):
    """One merchant. Its own id at a vendor is a field of that connection, not of the tenant."""

    class Status(models.TextChoices):
        ONBOARDING = "onboarding", "Onboarding"
        LIVE = "live", "Live"
        PAUSED = "paused", "Paused"
        DISCONNECTED = "disconnected", "Disconnected"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="tenants")
    name = models.CharField(max_length=200, help_text="The merchant's business name.")
    slug = models.SlugField(unique=True, help_text="Short name in addresses, commands and file names.")
    timezone = models.CharField(
        "time zone",
        max_length=64,
        default="America/New_York",
        validators=[validate_timezone],
        help_text="Times on this merchant's pages are shown in it.",
    )
    phone_region = models.CharField(
        max_length=2,
        default="US",
        validators=[validate_phone_region],
        help_text="Country of phone numbers written without a country code.",
    )
    currency = models.CharField(max_length=3, default="USD", validators=[validate_currency])
    status = models.CharField(max_length=12, choices=Status, default=Status.ONBOARDING)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["onboarding", "live", "paused", "disconnected"]),
                name="tenant_status_is_known",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone, ready for `astimezone`."""
        return ZoneInfo(self.timezone)
