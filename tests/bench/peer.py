"""The peer: `dlt` with its own REST source, merging by id into the same kind of database.

Set up as it runs best here: lists inside a record stay JSON instead of becoming tables, and SQLite gets one load
worker (more fail with "database is locked").
"""

import os
from urllib.parse import urlsplit

from tests.bench.jobs import APP_KEY, CLIENT_ID, CLIENT_SECRET, LISTS, Job, Measured, measured


def run(job: Job) -> Measured:
    os.environ.update(
        {
            "DLT_DATA_DIR": f"{job.folder}/dlt",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
            **({"LOAD__WORKERS": "1"} if job.on_sqlite else {}),
        }
    )
    os.chdir(job.folder)  # it writes folders where it runs
    import dlt
    from dlt.sources.rest_api import rest_api_resources

    place = (
        dlt.destinations.sqlalchemy(job.database)
        if job.on_sqlite
        else dlt.destinations.postgres(with_password(job.database))
    )
    pipeline = dlt.pipeline(
        "bench", destination=place, dataset_name="bench", pipelines_dir=f"{job.folder}/pipelines"
    )
    resources = rest_api_resources(_source(job))
    with measured() as found:
        pipeline.run(resources).raise_on_failed_jobs()
    with pipeline.sql_client() as client:
        for entity in job.entities:
            # The table's name is one of ours.
            found.records += client.execute_sql(f"SELECT count(*) FROM {client.make_qualified_table_name(entity)}")[0][0]  # noqa: S608  # fmt: skip
    return found


def with_password(url: str) -> str:
    """It insists on a password, which a server that trusts this machine never asks for."""
    parts = urlsplit(url)
    if parts.password is not None:
        return url
    user, _, place = parts.netloc.rpartition("@")
    return parts._replace(scheme="postgresql", netloc=f"{user or 'postgres'}:none@{place}").geturl()


def _source(job: Job) -> dict:
    return {
        "client": {
            "base_url": job.url,
            "headers": {"ST-App-Key": APP_KEY},
            "auth": {
                "type": "oauth2_client_credentials",
                "access_token_url": f"{job.url}/connect/token",
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
            },
            "paginator": {
                "type": "page_number",
                "base_page": 1,
                "page_param": "page",
                "total_path": None,
                "has_more_path": "hasMore",
            },
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "max_table_nesting": 0,
            "endpoint": {"params": {"pageSize": job.page_size}, "data_selector": "data"},
        },
        "resources": [
            {"name": entity, "endpoint": {"path": LISTS[entity].lstrip("/")}} for entity in job.entities
        ],
    }
