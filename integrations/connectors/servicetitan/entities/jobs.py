"""Jobs, their notes and visits, and who is sent."""

from integrations.connectors.entity import Entity, FieldMap, Find, Parts, Reference, Removal, Write
from integrations.connectors.servicetitan.entities.shared import (
    ANY_ACTIVE,
    CUSTOMER,
    LOCATION,
    SHOP,
    required,
)

_JPM = "/jpm/v2/tenant/{tenant}"
_DISPATCH = "/dispatch/v2/tenant/{tenant}"
_JOB_ID = Reference("jobId", "job")

JOB = Entity(
    name="job",
    scope="tn.jpm.jobs:r",
    path=f"{_JPM}/jobs",
    feed=f"{_JPM}/export/jobs",
    references={"customer": required(CUSTOMER), "location": required(LOCATION), **SHOP},
    deep_link="https://go.servicetitan.com/#/Job/Index/{id}",
    write=Write(
        scope="tn.jpm.jobs:w",
        create=f"{_JPM}/jobs",
        update=f"{_JPM}/jobs/{{id}}",
        members=frozenset(("priority", "summary", "summaryOfWork", "customerPo", "noCharge", "tagTypeIds")),
        find=Find.KEY,
        references={
            "customer": "customerId",
            "location": "locationId",
            "business_unit": "businessUnitId",
            "job_type": "jobTypeId",
            "campaign": "campaignId",
        },
        needed=frozenset(("priority",)),
        parts=(Parts("appointment", "appointments", "job", ("starts_at", "ends_at"), needed=True),),
        two_way=True,
    ),
    mapping=(
        FieldMap("jobNumber", "number"),
        FieldMap("jobStatus", "status"),
        FieldMap("priority", "priority"),
        FieldMap("summary", "summary"),
        FieldMap("summaryOfWork", "summary_of_work"),
        FieldMap("completedOn", "completed_at", "timestamp"),
        FieldMap("total", "total", "decimal"),
        FieldMap("customerPo", "customer_po"),
        FieldMap("noCharge", "no_charge", "boolean"),
        FieldMap("tagTypeIds", "tag_ids", "id_list"),
    ),
)

# A job's own list of notes gives them no id; only the feed does.
NOTE = Entity(
    name="note",
    scope="tn.jpm.jobnotes:r",
    feed=f"{_JPM}/export/job-notes",
    references={"job": required(_JOB_ID)},
    ids=None,
    mapping=(FieldMap("text", "text"), FieldMap("isPinned", "pinned", "boolean")),
    write=Write(
        scope="tn.jpm.jobs:w",
        create=f"{_JPM}/jobs/{{parent}}/notes",
        parent="job",
        members=frozenset(("text", "isPinned")),
        find=Find.FEED,
        needed=frozenset(("text",)),
        alike=("text",),
        rename={"isPinned": "pinToTop"},
    ),
)

# A job is called off by a call of its own, and its log of cancellations is where that is found again.
CANCELLATION = Entity(
    name="cancellation",
    scope="tn.jpm.jobcanceledlogs:r",
    feed=f"{_JPM}/export/job-canceled-logs",
    references={"job": required(_JOB_ID), "reason": Reference("reasonId", "cancel_reason")},
    ids=None,
    modified=None,
    mapping=(FieldMap("memo", "memo"),),
    write=Write(
        scope="tn.jpm.jobs:w",
        create=f"{_JPM}/jobs/{{parent}}/cancel",
        create_method="PUT",
        siblings=f"{_JPM}/jobs/{{parent}}/canceled-log",
        parent="job",
        members=frozenset(("memo",)),
        find=Find.SIBLINGS,
        references={"reason": "reasonId"},
        needed=frozenset(("memo",)),
        alike=("reasonId", "memo"),
        own_reply=False,
        two_way=True,
    ),
)

APPOINTMENT = Entity(
    name="appointment",
    scope="tn.jpm.appointments:r",
    path=f"{_JPM}/appointments",
    feed=f"{_JPM}/export/appointments",
    params=ANY_ACTIVE,
    feed_params=ANY_ACTIVE,
    references={"job": required(_JOB_ID)},
    mapping=(
        FieldMap("appointmentNumber", "number"),
        FieldMap("status", "status"),
        FieldMap("start", "starts_at", "timestamp"),
        FieldMap("end", "ends_at", "timestamp"),
        FieldMap("arrivalWindowStart", "arrival_window_start", "timestamp"),
        FieldMap("arrivalWindowEnd", "arrival_window_end", "timestamp"),
        FieldMap("specialInstructions", "special_instructions"),
        FieldMap("isConfirmed", "confirmed", "boolean"),
    ),
    write=Write(
        scope="tn.jpm.appointments:w",
        update=f"{_JPM}/appointments/{{id}}/reschedule",
        members=frozenset(("start", "end", "arrivalWindowStart", "arrivalWindowEnd")),
        find=Find.SIBLINGS,
        needed=frozenset(("start", "end")),
        alike=("start", "end"),
        refused=(
            "ServiceTitan does not move this visit: {problem} It may be under way or done, or a technician is taken "
            "then. Choose another time here, or look at it there; then retry."
        ),
        two_way=True,
    ),
)

# This is the one feed that leaves out inactive rows unless asked.
ASSIGNMENT = Entity(
    name="assignment",
    scope="tn.dis.appointmentassignments:r",
    path=f"{_DISPATCH}/appointment-assignments",
    feed=f"{_DISPATCH}/export/appointment-assignments",
    params=ANY_ACTIVE,
    feed_params=ANY_ACTIVE,
    references={
        "appointment": required(Reference("appointmentId", "appointment")),
        "job": _JOB_ID,
        "technician": Reference("technicianId", "technician"),
    },
    mapping=(
        FieldMap("status", "status"),
        FieldMap("isPaused", "paused", "boolean"),
        FieldMap("assignedOn", "assigned_at", "timestamp"),
    ),
    write=Write(
        scope="tn.dis.appointmentassignments:w",
        create=f"{_DISPATCH}/appointment-assignments/assign-technicians",
        siblings=f"{_DISPATCH}/appointment-assignments",
        siblings_by="appointmentIds",
        parent="appointment",
        members=frozenset(),
        find=Find.SIBLINGS,
        references={"appointment": "jobAppointmentId", "technician": "technicianIds"},
        many=frozenset(("technicianIds",)),
        alike=("technicianId",),
        rename={"technicianId": "technicianIds"},
        own_reply=False,
        remove=Removal(
            f"{_DISPATCH}/appointment-assignments/unassign-technicians",
            "POST",
            {"jobAppointmentId": "appointmentId", "technicianIds": "technicianId"},
        ),
        refused=(
            "ServiceTitan does not send this technician: {problem} Most often somebody else has booked the time there. "
            "Choose another technician or another time here, then retry."
        ),
        two_way=True,
    ),
)
