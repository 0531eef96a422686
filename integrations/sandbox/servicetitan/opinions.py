"""What the shop's customers say: technicians rated after jobs, reviews in public. Drawn by a seed of its own, so that
all other rows are what they were before there were any."""

from random import Random

from integrations.sandbox import times
from integrations.sandbox.servicetitan import opinion_rows
from integrations.sandbox.servicetitan.billing import Visit
from integrations.sandbox.servicetitan.reference_lists import Lists
from integrations.sandbox.servicetitan.store import Body, Store

SAID = {
    5: ("On time, tidy, fair price. Would call again.", "Fixed in an hour. Thank you!"),
    4: ("Good work, arrived a little late.", "Friendly and knew what he was doing."),
    3: ("It works again, but nobody called ahead.", "Fine, though pricier than the estimate."),
    2: ("Had to call twice for the same leak.", "Left the basement a mess."),
    1: ("Nobody showed up in the window they gave us.", "Still no heat after two visits."),
}
PLATFORMS = ("Google", "Google", "Facebook", "Yelp")


class Opinions:
    def __init__(self, store: Store, seed: int, lists: Lists) -> None:
        self.store, self.lists, self.random = store, lists, Random(f"opinions:{seed}")

    def after(self, visit: Visit, job: Body, customer: Body, technician: int) -> None:
        """A job is done: some customers rate who came, a few write about it."""
        if self.random.random() < 0.3:
            rating = self.random.choices((10, 9, 8, 7, 5, 3, 1), (40, 25, 15, 9, 5, 4, 2))[0]
            self._add(technician, job["id"], rating, visit.modified)
        if self.random.random() < 0.06:
            stars = self.random.choices((5, 4, 3, 2, 1), (60, 20, 8, 6, 6))[0]
            self.review(stars, self.random.choice(SAID[stars]), visit.modified, job, customer, technician)

    def rate(self, technician: int, job: int, rating: float, on: int) -> int:
        """A technician has one rating for a job: another replaces it. Returns the row's place in the store."""
        table = self.store["technician-ratings"]
        for row, body in table.bodies():
            if (body["technicianId"], body["jobId"]) == (technician, job):
                table.write(row.id, {"rating": float(rating), "active": True}, on)
                return row.id
        return self._add(technician, job, rating, on)

    def _add(self, technician: int, job: int, rating: float, on: int) -> int:
        table = self.store["technician-ratings"]
        body = opinion_rows.rating(technician=technician, job=job, rating=rating, on=times.to_text(on))
        return table.add(body, created=on, modified=on, row_id=table.new_id()).id

    def review(
        self, stars: int, text: str, on: int, job: Body | None, customer: Body | None, technician: int | None
    ) -> int:
        """Somebody writes in public; whose job it was is known once somebody at the shop has said so."""
        table = self.store["reviews"]
        body = opinion_rows.review(
            id=table.new_id(), stars=stars, text=text, platform=self.random.choice(PLATFORMS), job=job,
            customer=customer, technician=self._named(technician), on=times.to_text(on),
            job_type=self._job_type(job),
        )  # fmt: skip
        return table.add(body, created=on, modified=on, row_id=body["internalId"]).id

    def _named(self, technician: int | None) -> tuple[int, str] | None:
        return (technician, self.store["technicians"].read(technician)["name"]) if technician else None

    def _job_type(self, job: Body | None) -> str | None:
        return self.store["job-types"].read(job["jobTypeId"])["name"] if job else None
