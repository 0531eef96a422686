"""`python -m tests.bench_dedupe.latency N`: a full pass over N customers in SQLite, and single ones among them."""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random

SAMPLE = 500


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-dedupe-") as folder:
        os.environ.pop("DATABASE_URL", None)
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        os.environ.setdefault("SECRET_KEY", "only-for-a-benchmark-that-nobody-logs-in-to")
        os.environ.setdefault("FIELD_KEYS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        os.environ.setdefault("INSECURE_HTTP", "1")
        import django

        django.setup()
        measure(count, Path(folder))


def measure(count: int, folder: Path) -> None:
    from django.core.management import call_command

    from portal.models import Partner, Tenant
    from reconciliation.matching.incremental import score_customer
    from reconciliation.matching.passes import dedupe_tenant
    from reconciliation.models import Customer

    call_command("migrate", verbosity=0)
    partner = Partner.objects.create(name="Bench", slug="bench")
    tenant = Tenant.objects.create(partner=partner, name="Bench", slug="bench")
    fill(tenant, count)
    started = time.perf_counter()
    passed = dedupe_tenant(tenant)
    print(f"full pass in the database: {passed.customers:,} customers, {passed.candidates:,} candidates,"
          f" {time.perf_counter() - started:.1f} s")  # fmt: skip
    ids = Random(1).sample(list(Customer.objects.values_list("pk", flat=True)), min(SAMPLE, count))
    score_customer(tenant, ids[0])
    times, spent = [], []
    for number in ids:
        started, before = time.perf_counter(), time.process_time()
        score_customer(tenant, number, 0.5)
        times.append((time.perf_counter() - started) * 1000)
        spent.append((time.process_time() - before) * 1000)
    times.sort()
    slow = times[int(len(times) * 0.95)]
    print(f"one customer among {count:,}: median {statistics.median(times):.1f} ms, 95 % {slow:.1f} ms;"
          f" median of processor time {statistics.median(spent):.1f} ms")  # fmt: skip


def fill(tenant: object, count: int) -> None:
    """Customers and their contacts, straight into their tables."""
    from django.db import transaction
    from django.utils import timezone

    from reconciliation import bulk
    from reconciliation.models import Contact, Customer
    from tests.bench_dedupe.sets import rows_of
    from tests.bench_dedupe.truth import raw

    now, people, contacts = timezone.now(), [], []
    for number, row in enumerate(rows_of(str(count)), 1):
        read = raw(row)
        kept = (number, tenant.pk, row["id"], True, now, now, 1)
        address = (read.street, read.unit, read.city, read.state, read.postal_code, "")
        people.append(
            (*kept, read.name, read.kind, *address, "", "", "", "", False, False, False, False, "[]", "[]")
        )
        for kind, values in (("phone", read.phones), ("email", read.emails)):
            contacts += [
                (tenant.pk, "", True, now, now, 1, number, kind, value, "", "", value * (kind == "email"), 1, "", False)
                for value in filter(None, values)
            ]  # fmt: skip
    common = ("tenant_id", "external_id", "active", "created_at", "updated_at", "version")
    with transaction.atomic():
        bulk.insert(Customer, ("id", *common, "name", "kind", "street", "unit", "city", "state", "postal_code", "country",
                               "name_key", "address_key", "main_phone", "phone_key", "tax_exempt", "do_not_mail",
                               "do_not_service", "national_account", "tag_ids", "tag_names"), people)  # fmt: skip
        bulk.insert(Contact, (*common, "customer_id", "kind", "value", "e164", "extension", "email", "usable", "memo",
                              "do_not_text"), contacts)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
