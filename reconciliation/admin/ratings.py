"""What customers say of the work: technicians rated after jobs, and reviews."""

from django.contrib import admin

from reconciliation.admin import columns, shown
from reconciliation.admin.filters import ActiveFilter, by_period
from reconciliation.admin.records import RecordAdmin
from reconciliation.models import Rating
from reconciliation.search import Ways


@admin.register(Rating)
class RatingAdmin(RecordAdmin):
    """Ratings of technicians, 0 to 10, and reviews, 1 to 5; the filter by kind shows one or the other."""

    menu_order = 36
    menu_group = "Customers"
    list_display = ["rating_shown", "kind", "who", "job_link", "technician_shown", "text_shown", "given"]
    list_filter = ["kind", by_period("source_created_at", "given"), ActiveFilter]
    list_select_related = ["customer", "job__customer", "technician"]
    search_help_text = "The job's number, its customer's name or phone, or who wrote the review"
    ways = Ways(("technician_rating", "review"), text=("author_name",), job="job", customer="job__customer")
    references = ("customer", "job", "technician", "business_unit")
    facts = (
        ("Rating", ("kind", "rating_shown", "customer", "job", "technician", "business_unit")),
        ("Review", ("platform", "author_name", "author_email", "published_at", "text", "response")),
    )
    card_columns = ("rating_shown", "kind", "technician_shown", "text_shown", "given")
    job_link = columns.other("job")
    given = columns.day("source_created_at", "given")

    @admin.display(description="rating")
    def rating_shown(self, rating: Rating) -> str:
        return rating.out_of

    @admin.display(description="customer")
    def who(self, rating: Rating) -> str:
        return columns.link_to(rating.customer or (rating.job and rating.job.customer))

    @admin.display(description="technician")
    def technician_shown(self, rating: Rating) -> str:
        return str(rating.technician) if rating.technician else shown.NOTHING

    @admin.display(description="in words")
    def text_shown(self, rating: Rating) -> str:
        return (rating.text if len(rating.text) <= 100 else f"{rating.text[:100]}…") or shown.NOTHING
