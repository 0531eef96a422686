from portal import health


def test_the_process_says_that_it_lives(client, db):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_once_the_database_has_every_migration(client, db):
    assert client.get("/readyz").status_code == 200


def test_it_is_not_ready_while_a_migration_waits(client, db, monkeypatch):
    monkeypatch.setattr("portal.health.MigrationExecutor.migration_plan", lambda self, targets: ["one"])
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert "manage.py migrate" in reply.json()["problem"]


def test_it_is_not_ready_while_a_registered_check_complains(client, db, monkeypatch):
    monkeypatch.setattr(health, "_checks", {})
    health.register_check("worker", lambda: "No worker has reported for 5 minutes.")
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["checks"] == {"worker": "No worker has reported for 5 minutes."}


def test_it_names_the_checks_that_are_well(client, db, monkeypatch):
    monkeypatch.setattr(health, "_checks", {})
    health.register_check("worker", lambda: None)
    assert client.get("/readyz").json() == {"status": "ok", "checks": ["database", "worker"]}
