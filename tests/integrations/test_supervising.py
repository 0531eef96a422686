"""The supervisor of a worker cluster: a frozen one is replaced, one at work is left alone. Real processes."""

import signal
import sys
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Thread

import psutil
import pytest
from django.utils import timezone
from django_q.models import Task
from django_q.tasks import async_task

from integrations import schedule, tasks
from integrations.models import Heartbeat
from integrations.supervising import OFTEN, Supervisor
from tests.integrations.processes import ROOT, environment, manage, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def supervised(tmp_path, monkeypatch, **values):
    """A supervisor in a thread, over a real cluster of two workers."""
    for name, value in environment(**{OFTEN: "0.2", "LOG_LEVEL": "CRITICAL"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    command = [sys.executable, "manage.py", "worker", "--alone"]
    supervisor = Supervisor(command, tmp_path / "sign", look=0.1, **values)
    thread = Thread(target=supervisor.run, daemon=True)
    thread.start()
    wait_for(lambda: supervisor._process is not None, 10, "cluster")
    try:
        yield supervisor
    finally:
        supervisor.stop()
        with suppress(psutil.NoSuchProcess):
            for process in family(supervisor):
                process.send_signal(signal.SIGCONT)
        thread.join(90)
        assert not thread.is_alive()


def family(supervisor):
    head = psutil.Process(supervisor._process.pid)
    return [head, *head.children(recursive=True)]


def shows_life(supervisor):
    """Since now, not since it was started."""
    wait_for(supervisor.sign.exists, 10, "file")
    since = supervisor.sign.stat().st_mtime_ns
    wait_for(lambda: supervisor.sign.stat().st_mtime_ns > since, 60, "sign of life")


def frozen(supervisor, which):
    for process in family(supervisor):
        if which(process):
            process.send_signal(signal.SIGSTOP)


def is_worker(process):
    """By its title, which says what it does just now."""
    title = " ".join(process.cmdline())
    return " idle" in title or " processing" in title


@pytest.mark.cluster
def test_a_frozen_cluster_is_replaced_by_one_that_works(tmp_path, monkeypatch):
    with supervised(tmp_path, monkeypatch, silent=20.0) as supervisor:
        shows_life(supervisor)
        first = supervisor._process.pid
        supervisor.silent = 2.0
        frozen(supervisor, lambda process: True)
        wait_for(lambda: supervisor.restarts == 1, 30, "restart")
        supervisor.silent = 60.0
        shows_life(supervisor)
        assert supervisor._process.pid != first
        assert not psutil.pid_exists(first) or psutil.Process(first).status() == psutil.STATUS_ZOMBIE
        wait_for(Heartbeat.objects.filter(name=schedule.WORKER).exists, 10, "heartbeat")


@pytest.mark.cluster
def test_workers_that_hang_while_their_guard_lives_are_noticed(tmp_path, monkeypatch):
    """As django-q2 freezes: its other processes go on, and nothing is done."""
    with supervised(tmp_path, monkeypatch, silent=60.0) as supervisor:
        shows_life(supervisor)
        frozen(supervisor, is_worker)
        wait_for(
            lambda: "stopped" in {process.status() for process in family(supervisor)}, 10, "frozen worker"
        )
        supervisor.silent = 2.0
        wait_for(lambda: supervisor.restarts == 1, 30, "restart")
        supervisor.silent = 60.0
        shows_life(supervisor)


@pytest.mark.cluster
def test_workers_that_are_all_at_long_tasks_are_left_at_them(tmp_path, monkeypatch):
    with supervised(tmp_path, monkeypatch, silent=60.0) as supervisor:
        shows_life(supervisor)
        for _ in range(2):
            async_task("time.sleep", 5)
        wait_for(
            lambda: sum(" processing" in " ".join(p.cmdline()) for p in family(supervisor)) == 2, 30, "task"
        )
        supervisor.silent = 2.0
        wait_for(lambda: Task.objects.filter(func="time.sleep").count() == 2, 30, "end of both")
        assert supervisor.restarts == 0


@pytest.mark.cluster
def test_a_cluster_that_is_told_to_stop_ends_by_itself(tmp_path, monkeypatch):
    """Its slices of work are ended, not cut off."""
    with supervised(tmp_path, monkeypatch, silent=60.0) as supervisor:
        shows_life(supervisor)
        supervisor.stop()
        wait_for(lambda: supervisor._process.poll() is not None, 60, "end")
        assert supervisor._process.returncode == 0
        assert supervisor.restarts == 0


def test_of_all_who_ask_in_a_minute_one_has_its_tick(monkeypatch):
    done = []
    monkeypatch.setattr(tasks, "tick", lambda: done.append(1))
    assert [tasks.tick_if_due() for _ in range(4)] == [True, False, False, False]
    minute = timezone.now().replace(second=0, microsecond=0)
    Heartbeat.objects.filter(name=schedule.TICK).update(at=minute - timedelta(seconds=1))
    assert [tasks.tick_if_due() for _ in range(4)] == [True, False, False, False]
    assert len(done) == 2


@pytest.mark.cluster
def test_hosts_that_tick_at_once_share_one_minute():
    """Each asks for the same minute at the same moment, in a process of its own."""
    hosts = [manage("tick", "--once", LOG_LEVEL="CRITICAL") for _ in range(3)]
    began = timezone.now()
    said = [host.communicate(timeout=60)[0].strip().splitlines()[-1] for host in hosts]
    minutes = timezone.now().minute - began.minute + 1  # they may have come at the turn of one
    assert 1 <= said.count("Done.") <= minutes
    assert said.count("This minute's was done before.") == 3 - said.count("Done.")


def test_workers_that_are_silent_are_told_while_the_tick_goes_on(client):
    now = timezone.now()
    schedule.beat(now)
    schedule.beat(now - schedule.LATE - timedelta(seconds=1), schedule.WORKER)
    assert client.get("/readyz").status_code == 503
    schedule.beat(now, schedule.WORKER)
    assert client.get("/readyz").status_code == 200
