"""Bad days of the SYSPRO sandbox: faults, what it never lets out, its journal and verbs, and a company that is kept."""

import json
import socket

import pytest
import requests

from integrations.sandbox.server import running
from integrations.sandbox.syspro import ENET, create_app, credentials, keeping
from integrations.sandbox.syspro.errors import EXPIRED, UNKNOWN_OBJECT
from integrations.sandbox.syspro.misbehaviour import NAMES
from tests.sandbox.syspro_caller import invoice

BROKEN = {"reset", "lost_reply", "cut_body"}


def attempt(company) -> str:
    return company.post_text("APSTIN", "PostApInvoice", invoice())


def test_every_fault_spoils_a_posting_in_its_own_way(make_company):
    good = attempt(make_company())
    seen = set()
    for name in set(NAMES) - BROKEN - {"slow"}:
        company = make_company(faults=[f"{name}:1,path=/Transaction/Post/APSTIN"])
        reply = company.call(
            "Transaction/Post",
            UserId=company.token,
            BusinessObject="APSTIN",
            XmlIn=f"<PostApInvoice>{invoice()}</PostApInvoice>",
        )
        body = reply.get_data()
        assert body.decode("latin-1") != good, name
        seen.add((reply.status_code, body[:40]))
    assert len(seen) >= 7


@pytest.mark.parametrize(
    "name",
    ["session_expired", "session_evicted", "enet_exception", "no_license", "html_500", "html_503"],
)
def test_what_is_refused_before_it_runs_has_no_effect(company, name):
    company.control.faults(f"{name}:1,count=1")
    reply = company.call("Transaction/Post", UserId=company.token, BusinessObject="APSTIN",
                         XmlIn=f"<PostApInvoice>{invoice()}</PostApInvoice>")  # fmt: skip
    assert reply.status_code == {"html_500": 500, "html_503": 503}.get(name, 200)
    assert company.control.attempts() == []
    assert company.control.row("ApInvoice", "1", "INV-1") is None


@pytest.mark.parametrize("name", ["late_error", "truncated_body", "garbage", "empty_body"])
def test_what_spoils_the_reply_leaves_the_effect(company, name):
    company.control.faults(f"{name}:1,count=1")
    company.call("Transaction/Post", UserId=company.token, BusinessObject="APSTIN",
                 XmlIn=f"<PostApInvoice>{invoice()}</PostApInvoice>")  # fmt: skip
    assert company.control.posted() == {"1/INV-1": 1}


def test_a_lost_session_stays_lost_until_the_next_logon(company):
    company.control.faults("session_expired:1,count=1")
    assert attempt(company) == attempt(company) == f"ERROR: {EXPIRED}"
    company.token = company.log_on().strip()
    assert "<Transaction>" in attempt(company)


def test_an_evicted_operator_is_at_a_desktop_now(company):
    company.control.faults("session_evicted:1,count=1")
    assert attempt(company) == f"ERROR: {EXPIRED}"
    assert company.control.stats()["logged_on"] == ["TRUNKLN"]


def test_a_batch_may_lose_its_session_half_way(make_company):
    company = make_company(faults=["session_expired:0.3"], seed=4)
    lost = [attempt(company).startswith("ERROR") for _ in range(12)]
    assert lost[0] is False and lost[-1] is True and lost == sorted(lost)


def test_no_seat_is_told_to_logons_and_no_licence_to_objects(company):
    company.control.faults("no_license")
    assert company.log_on() == "ERROR: No e.net licenses available"
    assert attempt(company) == f"ERROR: {UNKNOWN_OBJECT}"


@pytest.mark.parametrize(
    ("fault", "posted", "error"),
    [
        ("reset", 0, requests.ConnectionError),
        ("lost_reply", 1, requests.ConnectionError),
        ("cut_body", 1, requests.exceptions.ChunkedEncodingError),
    ],
)
def test_a_broken_connection_breaks_before_or_after_the_effect(fault, posted, error):
    sandbox = create_app(faults=[f"{fault}:1,count=1,path=/Transaction"])
    known = credentials(sandbox)
    with running(sandbox) as url:
        log_on = {"Operator": known["operator"], "OperatorPassword": known["operator_password"],
                  "CompanyId": known["company"], "CompanyPassword": known["company_password"]}  # fmt: skip
        token = requests.get(f"{url}{ENET}/Logon", params=log_on, timeout=5).text
        post = {
            "UserId": token,
            "BusinessObject": "APSTIN",
            "XmlIn": f"<PostApInvoice>{invoice()}</PostApInvoice>",
        }
        with pytest.raises(error):
            requests.get(f"{url}{ENET}/Transaction/Post", params=post, timeout=5)
    assert sum(sandbox.control.posted().values()) == posted


def test_the_same_seed_spoils_the_same_calls(make_company):
    def seen(seed):
        company = make_company(seed=seed, faults=["html_500:0.5,path=/GetVersion"])
        return [company.call("GetVersion").status_code for _ in range(20)]

    assert seen(3) == seen(3) != seen(4)


def test_an_unknown_fault_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no fault 'gremlins'.*ledger_error"):
        create_app(faults=["gremlins"])


def test_odata_is_spoilt_as_well(company):
    company.control.faults("html_503:1,path=/ApInvoice")
    assert company.odata("ApInvoice").status_code == 503
    assert company.odata("ApSupplier").status_code == 200


def test_passwords_and_tokens_are_neither_logged_nor_told(capfd, caplog):
    caplog.set_level("DEBUG", "werkzeug")
    sandbox = create_app()
    known = credentials(sandbox)
    secrets = [known["operator_password"], known["company_password"], known["odata_password"]]
    with running(sandbox) as url:
        host, port = url.removeprefix("http://").split(":")
        query = f"Operator=TRUNKLN&OperatorPassword={secrets[0]}&CompanyId=HPA&CompanyPassword={secrets[1]}"
        secrets.append(requests.get(f"{url}{ENET}/Logon?{query}", timeout=5).text.strip())
        requests.get(f"{url}{ENET}/Nowhere?{query}", timeout=5)
        for request in (
            f"GET {ENET}/Logon?{query} to HTTP/1.1",
            f"GET {ENET}/Logon?{query}",
            f"BREW /{query} HTTP/9.9",
        ):
            with socket.create_connection((host, int(port)), timeout=5) as raw:
                raw.sendall(f"{request}\r\n\r\n".encode())
                raw.recv(10_000)
        told = json.dumps(requests.get(f"{url}/_sandbox/stats", timeout=5).json())
        told += json.dumps(requests.post(f"{url}/_sandbox/journal", timeout=5).json())
    told += (
        repr(sandbox.control.sessions.operators)
        + repr(sandbox.control.sessions.live())
        + repr(sandbox.control.site)
    )
    out, err = capfd.readouterr()
    for secret in secrets:
        assert secret not in out + err + caplog.text + told


def test_the_journal_tells_what_was_written_and_by_whom(company):
    attempt(company)
    company.control.pay("1", "INV-1")
    told = [one for one in company.control.journal() if one["table"] == "ApInvoice"]
    assert [(one["kind"], one["by"], one["row_id"]) for one in told] == [
        ("new", "api", "000000000000001/INV-1"),
        ("changed", "office", "000000000000001/INV-1"),
    ]
    assert told[1]["after"]["MthInvBal1"] == 0 and told[1]["before"]["MthInvBal1"] == 110


def test_the_verbs_work_over_http(company):
    post = lambda verb, **body: company.browser.post(f"/_sandbox/{verb}", json=body)  # noqa: E731
    assert post("add-supplier", code="90", name="Ninety").status_code == 200
    assert post("add-invoice", supplier="90", number="N1", total="12.50").status_code == 200
    assert post("pay", supplier="90", number="N1", amount="2.50").json["result"]["MthInvBal1"] == "10.00"
    assert post("row", table="ApInvoice", key=["90", "N1"]).json["result"]["OrigInvValue"] == "12.50"
    assert "no invoice 'N2'" in post("pay", supplier="90", number="N2").json["error"]
    assert (
        "no column Colour"
        in post("put", table="ApSupplier", members={"Supplier": "90", "Colour": "red"}).json["error"]
    )
    assert post("close-period", letter="Z").status_code == 400
    post("close-period", letter="C")
    assert "is closed" in attempt(company)
    post("open-period", letter="C")
    assert "<Transaction>" in attempt(company)
    assert post("posted").json["result"] == {"1/INV-1": 1}
    assert [one["outcome"] for one in post("attempts").json["result"]] == ["rejected", "posted"]
    post("faults", faults=["html_500"])
    assert company.call("GetVersion").status_code == 500
    post("reset")
    post("evict")
    assert attempt(company) == f"ERROR: {EXPIRED}"
    post("lock-operator")
    assert company.log_on() == "ERROR: Operator is locked out"
    assert company.browser.get("/_sandbox/stats").json["result"]["evictions"] == 1


def test_the_same_seed_founds_the_same_company(make_company):
    first, second, other = (
        make_company(suppliers=5, seed=seed).control.company.store.dump() for seed in (1, 1, 2)
    )
    assert first == second != other


def test_a_kept_company_goes_on_where_it_stood(make_company, tmp_path):
    company, kept = make_company(), tmp_path / "company.json"
    attempt(company)
    company.control.close_period("P")
    keeping.save(company.control, kept)
    again = make_company(suppliers=1)
    assert keeping.load(again.control, kept)
    assert again.control.company.store.dump() == company.control.company.store.dump()
    assert "already exists" in attempt(again)
    again.post_invoice(Invoice="INV-2")
    journals = {row["Journal"] for row in again.control.rows("ApJnlSummary")}
    assert len(journals) == 2 and not again.control.company.period("P").open
    assert kept.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_kept_company_is_refused(make_company, tmp_path):
    company, wrong = make_company(), tmp_path / "company.json"
    assert not keeping.load(company.control, wrong)
    for text in ("{}", "[]", "nothing", '{"tables": {"Nothing": []}}'):
        wrong.write_text(text)
        with pytest.raises(ValueError, match="no kept company"):
            keeping.load(company.control, wrong)
