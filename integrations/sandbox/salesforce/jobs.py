"""Jobs of Bulk API 2.0 as the org keeps them: what was asked, how far it is, what came of it.

A job's work is done when it is closed; it admits that only after the sandbox's `delay`, as a real one takes time.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.sandbox.salesforce.csv_rows import Outcome
from integrations.sandbox.salesforce.errors import Refused, missing
from integrations.sandbox.salesforce.ids import long_id, make_id

if TYPE_CHECKING:
    from integrations.sandbox.salesforce.calls import Call

CSV = "text/csv; charset=UTF-8"


@dataclass(slots=True)
class Job:
    """`done_at` is when it admits to have ended; `outcome` holds what came of its rows, `pages` of a query."""

    id: str
    kind: str
    asked: dict[str, Any]
    user_id: str
    created: str
    version: str
    state: str = "Open"
    data: bytes | None = None
    error: str | None = None
    done_at: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    header: str = ""
    lines: list[str] = field(default_factory=list)

    def info(self, now: float) -> dict[str, Any]:
        waiting = self.state in {"JobComplete", "Failed"} and now < self.done_at
        told = {
            "id": self.id, "operation": self.asked["operation"], "createdById": self.user_id,
            "createdDate": self.created, "systemModstamp": self.created,
            "state": "InProgress" if waiting else self.state, "concurrencyMode": "Parallel", "contentType": "CSV",
            "apiVersion": float(self.version), "lineEnding": self.asked.get("lineEnding", "LF"),
            "columnDelimiter": self.asked.get("columnDelimiter", "COMMA"),
        }  # fmt: skip
        told["object"] = self.asked["object"]
        if self.kind == "ingest":
            url = f"services/data/v{self.version}/jobs/ingest/{self.id}/batches"
            told |= {"externalIdFieldName": self.asked.get("externalIdFieldName"), "contentUrl": url}
        return told

    def must_have_ended(self, now: float) -> None:
        """Raises Refused INVALIDJOBSTATE before the end."""
        if self.info(now)["state"] not in {"JobComplete", "Failed", "Aborted"}:
            raise Refused("INVALIDJOBSTATE", "Results are available once the job has ended")

    def progress(self, now: float) -> dict[str, Any]:
        told = self.info(now)
        ended = told["state"] not in {"InProgress", "UploadComplete", "Open"}
        done, failed = self.outcome.processed or len(self.lines), len(self.outcome.bad)
        told |= {
            "jobType": "V2Ingest" if self.kind == "ingest" else "V2Query", "retries": 0, "totalProcessingTime": 0,
            "numberRecordsProcessed": done if ended else 0,
        }  # fmt: skip
        if self.kind == "ingest":
            told |= {
                "apiActiveProcessingTime": 0, "apexProcessingTime": 0, "numberRecordsFailed": failed if ended else 0,
            }  # fmt: skip
        if self.error and ended:
            told["errorMessage"] = self.error
        return told


class Jobs:
    """The jobs of the org by id; `delay` in seconds between closing a job and its end."""

    def __init__(self) -> None:
        self.held: dict[str, Job] = {}
        self.delay = 0.0

    def open(self, call: "Call", kind: str, asked: dict[str, Any]) -> Job:
        job = Job(
            make_id("750", len(self.held) + 1),
            kind,
            asked,
            call.session.user_id,
            call.org.stamp(),
            call.version,
        )
        self.held[job.id] = job
        return job

    def find(self, kind: str, job_id: str) -> Job:
        """Raises Refused NOT_FOUND."""
        job = self.held.get(long_id(job_id))
        if job is None or job.kind != kind:
            raise missing()
        return job
