"""What finding duplicates remembers of each tenant: keys, names, limits, refusals, and customers still to be looked at.

Customers are named by number and not by foreign key: a merge moves none of these rows. They follow a merged
customer to its survivor when they are read, so that undoing the merge undoes that too.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from portal.models import Tenant

_SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class MatchSettings(models.Model):
    """The limits of a tenant's bands, and what its last full pass counted.

    Pairs that score `merge_from` and more may be merged by themselves where `merges_by_itself`; from
    `review_from` a person is asked; below, nobody is.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="match_settings")
    merges_by_itself = models.BooleanField("merge certain duplicates by itself", default=False)
    merge_from = models.FloatField(
        default=0.9995, validators=_SHARE, help_text="Scores from here on count as certain."
    )
    review_from = models.FloatField(
        default=0.5, validators=_SHARE, help_text="Scores from here on are shown to a person."
    )
    customers_counted = models.PositiveIntegerField(default=0, editable=False)
    fitted = models.JSONField(default=list, editable=False)
    """What its last full pass learned of the weights: the values of `matching.fitting.Fitted`."""
    passed_at = models.DateTimeField("last full pass", null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "match settings"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(merge_from__gte=models.F("review_from")), name="merge_band_above_review"
            )
        ]

    def __str__(self) -> str:
        return f"Match settings of {self.tenant}"


class BlockingKey(models.Model):
    """A customer is compared with those it shares a key with. Rebuilt from the customers at any time."""

    pk = models.CompositePrimaryKey("tenant_id", "key", "customer")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.BigIntegerField()
    customer = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["customer"], name="key_of_customer")]

    def __str__(self) -> str:
        return f"{self.key:x} of {self.customer}"


class NameCount(models.Model):
    """How many of a tenant's customers bore a name at its last full pass; names of one or two are left out."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.SmallIntegerField()
    name = models.BigIntegerField(help_text="The name's hash.")
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "kind", "name"], name="one_count_per_name")]

    def __str__(self) -> str:
        return f"{self.name:x}: {self.count}"


class Unmatched(models.Model):
    """A customer that is new or has changed since it was last compared. May stand here more than once."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    customer = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "unmatched"

    def __str__(self) -> str:
        return f"Customer {self.customer}"


class RefusedPair(models.Model):
    """Two customers of which a person said that they are not one. Holds for whatever they are merged into."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    left = models.BigIntegerField()
    right = models.BigIntegerField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "left", "right"], name="refused_once"),
            models.CheckConstraint(condition=models.Q(left__lt=models.F("right")), name="refused_in_order"),
        ]
        indexes = [models.Index(fields=["right"], name="refused_right")]

    def __str__(self) -> str:
        return f"{self.left} is not {self.right}"
