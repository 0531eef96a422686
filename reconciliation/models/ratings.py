"""What customers say of the work."""

from django.db import models

from reconciliation.models.base import Record, belongs_to, refers_to


class Rating(Record):
    """One judgement: of a technician after a job, or in public.

    A technician is rated from 0 to 10, a review gives 1 to 5 stars: `most` is the end of a kind's scale.
    """

    class Kind(models.TextChoices):
        TECHNICIAN = "technician", "technician rating"
        REVIEW = "review"

    customer = belongs_to("Customer", "ratings", null=True, blank=True)
    job = refers_to("Job", indexed=True)
    technician = refers_to("ReferenceItem")
    business_unit = refers_to("ReferenceItem")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    rating = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    text = models.TextField("in words", blank=True)
    platform = models.TextField(blank=True)
    author_name = models.TextField(blank=True)
    author_email = models.TextField(blank=True)
    response = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "kind", "rating"], name="rating_by_kind")]

    @property
    def most(self) -> int:
        return 5 if self.kind == self.Kind.REVIEW else 10

    @property
    def out_of(self) -> str:
        """3 of 10, as people say it."""
        return "no figure" if self.rating is None else f"{self.rating.normalize():f} of {self.most}"

    def __str__(self) -> str:
        return f"{self.get_kind_display().capitalize()}: {self.out_of}"
