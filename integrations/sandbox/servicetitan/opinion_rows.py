"""Rows of technician ratings and reviews, with exactly the API's members. A rating has no id."""

from integrations.sandbox.servicetitan.store import Body

STATUSES = {"Scheduled": 0, "Dispatched": 0, "InProgress": 2, "Hold": 3, "Completed": 4, "Canceled": 5}
"""The API publishes these numbers without their names; which is which is a guess."""


def rating(*, technician: int, job: int, rating: float, on: str) -> Body:
    return {
        "technicianId": technician, "jobId": job, "rating": float(rating), "active": True, "createdOn": on,
        "modifiedOn": on,
    }  # fmt: skip


def review(
    *, id: int, stars: int, text: str, platform: str, job: Body | None, customer: Body | None,
    technician: tuple[int, str] | None, on: str, job_type: str | None,
) -> Body:  # fmt: skip
    author = customer["name"] if customer else "A customer"
    return {
        "address": None, "platform": platform, "authorEmail": None, "authorName": author, "review": text,
        "reviewType": 0, "reviewResponse": None, "publishDate": on, "rating": float(stars),
        "recommendationStatus": 0, "verificationStatus": job is not None, "jobId": job and job["id"],
        "verifiedByUserId": None, "verifiedOn": None, "isAutoVerified": None,
        "businessUnitId": job and job["businessUnitId"], "completedDate": job and job["completedOn"],
        "customerName": customer and customer["name"], "customerId": customer and customer["id"],
        "dispatchedDate": None, "jobStatus": STATUSES[job["jobStatus"] if job else "Completed"],
        "jobTypeName": job_type, "technicianFullName": technician and technician[1],
        "technicianId": technician and technician[0], "externalId": f"{platform.lower()}-{id}", "internalId": id,
        "createdOn": on, "modifiedOn": on,
    }  # fmt: skip
