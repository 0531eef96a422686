"""S3: what the queue carries is ids alone; each task reads for itself whose they are, and touches nobody else's rows."""

import inspect

import pytest

from integrations import disconnecting, tasks
from integrations.flows import working
from reconciliation import bulk_review, customer_imports, full_passes
from reconciliation.exports import files
from tests.admin.objects import OBJECTS
from tests.attacks.routes import ADMINS
from tests.attacks.stage import Stage, state_of

TASKS = {
    "integrations.connection": (disconnecting.work, tasks.end_connection, tasks.wake_for),
    "integrations.flow": (working.work,),
    "portal.tenant": (tasks.match, tasks.work_on_flows),
    "reconciliation.customerimport": (customer_imports.work,),
    "reconciliation.exportfile": (files.work,),
    "reconciliation.matchsettings": (full_passes.work, bulk_review.work),
}


@pytest.mark.slow
@pytest.mark.django_db
def test_a_task_with_another_merchants_or_nobodys_id_touches_no_row_of_the_other(
    tenant, other_tenant, settings, tmp_path, count
):
    settings.EXPORT_DIR, settings.CUSTOM_API_HOSTS = tmp_path, []
    stage = Stage(tenant, other_tenant, {})
    for label in ADMINS:
        stage.own[label], stage.foreign[label] = OBJECTS[label](tenant), OBJECTS[label](other_tenant)
    before, tried = state_of(other_tenant), 0
    for label, acts in TASKS.items():
        for act in acts:
            for pk in (stage.own[label].pk, -1, 0, 10**12):
                arguments = {"seconds": 1.0} if "seconds" in inspect.signature(act).parameters else {}
                tried += 1
                try:
                    act(pk, **arguments)
                except LookupError:  # DoesNotExist is none of these; a task for nobody may say so
                    continue
                except Exception as error:
                    assert type(error).__name__ == "DoesNotExist", (act, pk, error)
    after = state_of(other_tenant)
    assert [label for label in before if before[label] != after[label]] == []
    count("S3", "tasks with ids of one merchant, or of nobody", tried, "touched the other")
