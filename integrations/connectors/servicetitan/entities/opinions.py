"""What customers say of the work. ServiceTitan gathers it; nothing of it is written here."""

from integrations.connectors.entity import Entity, FieldMap, Reference
from integrations.connectors.servicetitan.entities.shared import ANY_ACTIVE, BUSINESS_UNIT, CUSTOMER, required

_INTERACTIONS = "/customer-interactions/v2/tenant/{tenant}"
_REPUTATION = "/marketingreputation/v2/tenant/{tenant}"
_TECHNICIAN = Reference("technicianId", "technician")
_JOB = Reference("jobId", "job")

# A rating has no id: there is one of each technician for each job.
TECHNICIAN_RATING = Entity(
    name="technician_rating",
    scope="tn.csi.technicianrating:r",
    path=f"{_INTERACTIONS}/technician-ratings",
    feed=f"{_INTERACTIONS}/export/technician-ratings",
    params=ANY_ACTIVE,
    references={"job": required(_JOB), "technician": _TECHNICIAN},
    id="technicianId, jobId",
    ids=None,
    sort=None,
    read_only=True,
    mapping=(FieldMap("rating", "rating", "decimal"),),
)

# Reviews have neither a feed nor a word for being active. They come from elsewhere: customer and job are known only
# once somebody has told ServiceTitan whose they are.
REVIEW = Entity(
    name="review",
    scope="tn.mrep.reviews:r",
    path=f"{_REPUTATION}/reviews",
    references={"customer": CUSTOMER, "job": _JOB, "technician": _TECHNICIAN, "business_unit": BUSINESS_UNIT},
    id="internalId",
    ids=None,
    sort=None,
    active=None,
    read_only=True,
    mapping=(
        FieldMap("rating", "rating", "decimal"),
        FieldMap("review", "text"),
        FieldMap("platform", "platform"),
        FieldMap("authorName", "author_name"),
        FieldMap("authorEmail", "author_email"),
        FieldMap("reviewResponse", "response"),
        FieldMap("publishDate", "published_at", "timestamp"),
    ),
)
