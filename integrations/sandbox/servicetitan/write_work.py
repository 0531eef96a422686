"""Writes of jobs, appointments, invoices, payments and tag types."""

from typing import Any

from werkzeug.wrappers import Response

from integrations.sandbox import times
from integrations.sandbox.servicetitan import list_rows, money_rows, work_rows
from integrations.sandbox.servicetitan.control import Control
from integrations.sandbox.servicetitan.money_rows import money, named
from integrations.sandbox.servicetitan.replies import Refused, as_json, empty, invalid
from integrations.sandbox.servicetitan.store import Body, Store
from integrations.sandbox.servicetitan.write_crm import custom_fields, keep_external, must_exist, shown

LINKS = {
    "customerId": "customers",
    "locationId": "locations",
    "businessUnitId": "business-units",
    "jobTypeId": "job-types",
    "campaignId": "campaigns",
}


def create_job(control: Control, body: Body) -> Response:
    """A job comes with its appointments and its invoice."""
    store, now = control.store, control.now_ticks()
    for name, entity in LINKS.items():
        if body[name] not in store[entity].rows:
            raise invalid(**{name: "The record was not found."})
    if not body["appointments"]:
        raise invalid(appointments="A job needs at least one appointment.")
    job_id, number, text = store["jobs"].new_id(), str(store.next_number("job", 31001)), times.to_text(now)
    visits = [
        _appointment(store, body, job_id, f"{number}-{place + 1}", entry, now)
        for place, entry in enumerate(body["appointments"])
    ]
    row = work_rows.job(
        id=job_id, number=number, customer=body["customerId"], location=body["locationId"], status="Scheduled",
        completed=None, business_unit=body["businessUnitId"], job_type=body["jobTypeId"], priority=body["priority"],
        campaign=body["campaignId"], appointments=visits, invoice=_invoice(store, body, job_id, number, now),
        total=0.0, summary=body.get("summary"), created=text, modified=text, tags=body.get("tagTypeIds") or (),
        no_charge=bool(body.get("noCharge")), sold_by=body.get("soldById"), customer_po=body.get("customerPo") or "",
    )  # fmt: skip
    row.update(custom_fields(body))
    store["jobs"].add(row, created=now, modified=now)
    guid = keep_external(store, "jobs", job_id, body.get("externalData"))
    return as_json(shown(store, "jobs", job_id, guid))


def _appointment(store: Store, job: Body, job_id: int, number: str, entry: Body, now: int) -> int:
    table, text = store["appointments"], times.to_text(now)
    row = work_rows.appointment(
        id=table.new_id(), job=job_id, number=number, start=entry["start"], end=entry["end"], status="Scheduled",
        customer=job["customerId"], created=text, modified=text,
        window=(entry.get("arrivalWindowStart"), entry.get("arrivalWindowEnd")),
    )  # fmt: skip
    table.add(row, created=now, modified=now)
    for technician in entry.get("technicianIds") or []:
        _assign(store, job_id, row["id"], technician, now)
    return row["id"]


def _assign(store: Store, job: int, appointment: int, technician: int, now: int) -> None:
    if technician not in store["technicians"].rows:
        raise invalid(technicianIds="A technician was not found.")
    table, text = store["appointment-assignments"], times.to_text(now)
    row = work_rows.assignment(
        id=table.new_id(), technician=technician, technician_name=store["technicians"].read(technician)["name"],
        status="Scheduled", job=job, appointment=appointment, created=text, modified=text,
    )  # fmt: skip
    table.add(row, created=now, modified=now)


def _invoice(store: Store, job: Body, job_id: int, number: str, now: int) -> int:
    table, text = store["invoices"], times.to_text(now)
    customer, location = (
        store["customers"].read(job["customerId"]),
        store["locations"].read(job["locationId"]),
    )
    unit = store["business-units"].read(job["businessUnitId"])
    row = money_rows.invoice(
        id=table.new_id(), number=str(store.next_number("invoice", 20417)), date=text, due=text, subtotal=0, tax=0,
        balance=0, customer=named(customer["id"], customer["name"]), customer_address=customer["address"],
        location=named(location["id"], location["name"]), location_address=location["address"],
        business_unit=named(unit["id"], unit["name"]), job={"id": job_id, "number": number, "type": None}, items=[],
        created=text, modified=text, paid=None, sync_status="Pending", sent="NotSent",
    )  # fmt: skip
    table.add(row, created=now, modified=now)
    return row["id"]


def cancel_job(control: Control, body: Body, job_id: int) -> Response:
    must_exist(control.store, "jobs", job_id)
    if control.store["jobs"].read(job_id)["jobStatus"] in {"Completed", "Canceled"}:
        raise invalid(id="The job is completed or canceled already.")
    store, now = control.store, control.now_ticks()
    if body["reasonId"] not in store["job-cancel-reasons"].rows:
        raise invalid(reasonId="The cancel reason was not found.")
    store["jobs"].write(job_id, {"jobStatus": "Canceled"}, now)
    for row, visit in list(store["appointments"].bodies()):
        if visit["jobId"] == job_id and visit["status"] != "Done":
            store["appointments"].write(row.id, {"status": "Canceled"}, now)
    table = store["job-canceled-logs"]
    log = work_rows.cancellation(
        id=table.new_id(), job=job_id, reason=body["reasonId"], memo=body["memo"], created=times.to_text(now)
    )
    table.add(log, created=now, modified=now, parent=job_id)
    return empty()


ON_A_VISIT = ("id", "jobId", "appointmentNumber", "start", "end", "arrivalWindowStart", "arrivalWindowEnd", "status",
              "specialInstructions", "createdOn", "modifiedOn")  # fmt: skip


def _assigned(store: Store, appointment: int, technician: int) -> list[int]:
    """The rows that send this technician to this appointment."""
    rows = store["appointment-assignments"].bodies()
    wanted = (appointment, technician)
    return [row.id for row, it in rows if row.active and (it["appointmentId"], it["technicianId"]) == wanted]


def _is_taken(store: Store, technician: int, visit: Body) -> bool:
    """Whether the technician is sent somewhere else at that time."""
    for row, entry in store["appointment-assignments"].bodies():
        if not row.active or entry["technicianId"] != technician or entry["appointmentId"] == visit["id"]:
            continue
        if entry["appointmentId"] not in store["appointments"].rows:
            continue
        other = store["appointments"].read(entry["appointmentId"])
        if other["status"] in {"Done", "Canceled", "Hold"}:
            continue
        if times.from_text(other["start"]) < times.from_text(visit["end"]) and times.from_text(
            visit["start"]
        ) < times.from_text(other["end"]):
            return True
    return False


def assign(control: Control, body: Body) -> Response:
    """All technicians or none; one who is sent elsewhere at that time is refused with 409."""
    store, now = control.store, control.now_ticks()
    must_exist(store, "appointments", body["jobAppointmentId"])
    visit = store["appointments"].read(body["jobAppointmentId"])
    if visit["status"] in {"Done", "Canceled"}:
        raise Refused(409, "The appointment is done or canceled.")
    if any(_is_taken(store, technician, visit) for technician in body["technicianIds"]):
        raise Refused(409, "A technician has another appointment at that time.")
    for technician in body["technicianIds"]:
        if not _assigned(store, visit["id"], technician):
            _assign(store, visit["jobId"], visit["id"], technician, now)
    return as_json({name: visit[name] for name in ON_A_VISIT})


def unassign(control: Control, body: Body) -> Response:
    store = control.store
    must_exist(store, "appointments", body["jobAppointmentId"])
    visit = store["appointments"].read(body["jobAppointmentId"])
    for technician in body["technicianIds"]:
        for row_id in _assigned(store, visit["id"], technician):
            store["appointment-assignments"].remove(row_id, control.now_ticks())
    return as_json({name: visit[name] for name in ON_A_VISIT})


def complete_job(control: Control, body: Body, job_id: int) -> Response:
    """One of the endpoints that left the public spec: on only where `control.endpoint` says so."""
    allowed(control, "jobs/complete")
    must_exist(control.store, "jobs", job_id)
    if control.store["jobs"].read(job_id)["jobStatus"] in {"Completed", "Canceled"}:
        raise Refused(409, "The job is completed or canceled already.")
    changes = {"jobStatus": "Completed", "completedOn": body["completedOn"]}
    control.store["jobs"].write(job_id, changes, control.now_ticks())
    return empty()


def allowed(control: Control, endpoint: str) -> None:
    """Endpoints that left the public spec answer 404 until switched on."""
    status = control.endpoints.get(endpoint, 404)
    if status != 200:
        raise Refused(status)


def reschedule(control: Control, body: Body, row_id: int) -> Response:
    must_exist(control.store, "appointments", row_id)
    if control.store["appointments"].read(row_id)["status"] in {"Done", "Canceled"}:
        raise Refused(409, "The appointment is done or canceled.")
    changes = {name: value for name, value in body.items() if value is not None}
    return as_json(control.store["appointments"].write(row_id, changes, control.now_ticks()))


def patch_invoice(control: Control, body: Body, row_id: int) -> Response:
    """Answers nothing: whoever wants to know reads again."""
    must_exist(control.store, "invoices", row_id)
    names = {"invoicedOn": "invoiceDate"}
    changes = {names.get(name, name): value for name, value in body.items() if value is not None}
    control.store["invoices"].write(row_id, changes, control.now_ticks())
    return empty()


def mark_exported(control: Control, body: list[Body]) -> Response:
    table = control.store["invoices"]
    results = []
    for entry in body:
        row_id, known = entry["invoiceId"], entry["invoiceId"] in table.rows
        if known:
            changes = {"syncStatus": "Exported", "exportId": entry.get("externalId")}
            table.write(row_id, changes, control.now_ticks())
        message = None if known else "The invoice was not found."
        results.append({"invoiceId": row_id, "success": known, "errorMessage": message})
    return as_json(results)


def create_payment(control: Control, body: Body) -> Response:
    """One of the endpoints that left the public spec: on only where `control.endpoint` says so."""
    allowed(control, "payments")
    store, now = control.store, control.now_ticks()
    must_be_type(store, body["typeId"])
    splits = _splits(store, body["splits"])
    first = store["invoices"].read(splits[0]["appliedTo"])
    table, text = store["payments"], times.to_text(now)
    total = sum(round(float(split["appliedAmount"]) * 100) for split in splits)
    row = money_rows.payment(
        id=table.new_id(), splits=splits, customer=first["customer"], business_unit=first["businessUnit"],
        date=body.get("paidOn") or text, total=total, unapplied=0, type_id=body["typeId"],
        type_name=store["payment-types"].read(body["typeId"])["name"], created=text, modified=text,
        sync_status=body.get("status") or "Pending", memo=body.get("memo"), check=body.get("checkNumber"),
    )  # fmt: skip
    table.add(row, created=now, modified=now)
    _settle(control, splits)
    return as_json(_written(row, body))


def must_be_type(store: Store, type_id: int) -> None:
    if type_id not in store["payment-types"].rows:
        raise invalid(typeId="The payment type was not found.")


def _splits(store: Store, wanted: list[Body]) -> list[Body]:
    if not wanted or any(split.get("invoiceId") not in store["invoices"].rows for split in wanted):
        raise invalid(splits="Each split needs an invoice that exists.")
    return [
        money_rows.applied(
            id=store.next_number("split", 660_000_001), invoice=split["invoiceId"],
            number=store["invoices"].read(split["invoiceId"])["referenceNumber"],
            cents=round((split.get("amount") or 0) * 100), on=None,
        )
        for split in wanted
    ]  # fmt: skip


def _settle(control: Control, splits: list[Body]) -> None:
    table = control.store["invoices"]
    for split in splits:
        invoice = table.read(split["appliedTo"])
        rest = round(float(invoice["balance"]) * 100) - round(float(split["appliedAmount"]) * 100)
        now = control.now_ticks()
        paid = {"paidOn": times.to_text(now)} if rest <= 0 else {}
        table.write(invoice["id"], {"balance": money(rest), **paid}, now)


def patch_payment(control: Control, body: Body, row_id: int) -> Response:
    store = control.store
    must_exist(store, "payments", row_id)
    must_be_type(store, body["typeId"])
    names = {"status": "syncStatus", "memo": "memo", "checkNumber": "checkNumber", "authCode": "authCode"}
    changes: dict[str, Any] = {names[name]: value for name, value in body.items() if name in names}
    changes["appliedTo"] = _splits(store, body["splits"])
    changes |= {"typeId": str(body["typeId"]), "type": store["payment-types"].read(body["typeId"])["name"]}
    return as_json(_written(store["payments"].write(row_id, changes, control.now_ticks()), body))


def _written(row: Body, body: Body) -> Body:
    """A payment as its writes answer it: amounts are numbers, splits name invoices."""
    splits = [
        {"amount": float(split["appliedAmount"]), "invoiceId": split["appliedTo"],
         "invoiceNumber": split["appliedToReferenceNumber"]}
        for split in row["appliedTo"]
    ]  # fmt: skip
    return {
        "active": row["active"], "authCode": row["authCode"], "checkNumber": row["checkNumber"],
        "customerId": row["customer"]["id"], "exportId": body.get("exportId"), "id": row["id"], "memo": row["memo"],
        "paidOn": row["date"], "splits": splits, "status": row["syncStatus"], "transactionStatus": None,
        "typeId": int(row["typeId"]),
    }  # fmt: skip


def create_tag_type(control: Control, body: Body) -> Response:
    table, now = control.store["tag-types"], control.now_ticks()
    on = times.to_text(now)
    row = list_rows.tag_type(id=table.new_id(), name=body["name"], color=body["color"], active=True, on=on)
    row.update({name: value for name, value in body.items() if value is not None})
    table.add(row, created=now, modified=now)
    return as_json({"id": row["id"]})
