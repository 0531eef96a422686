"""`import_customers` and `dedupe` from the command line."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.models import AuditEntry
from reconciliation.models import Change, Contact, Customer, Link, Location, MatchCandidate, Unmatched
from tests.bench_dedupe.generate import customers, write
from tests.bench_dedupe.truth import fit, truths

HEAD = "id,type,first_name,last_name,name,email,phone,phone2,street,unit,city,state,zip"
BOB = "7,Residential,Bob,Thornwick,,bob@example.com,(214) 322-7781,469-871-2290,412 Juniper Ln,,Riverton,TX,75007"
ROBERT = "8,Residential,Robert,Thornwick,,,214-322-7781,,412 Juniper Lane,,Riverton,TX,75007"
FIRM = "9,Commercial,,,Acme Roofing LLC,info@acme.com,,,9 Elm St,Ste 4,Salem,TX,75031"


def file(folder: Path, *lines: str, encoding: str = "utf-8") -> str:
    path = folder / "customers.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return str(path)


def run(command: str, *arguments: str) -> dict:
    out = io.StringIO()
    call_command(command, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


# --- what goes wrong


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["name,phone", "Bob,1"], "needs a column id"),
        (["id,phone", "1,2"], "needs a column name"),
        ([""], "needs a column id"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_whole(tenant, tmp_path, lines, words):
    with pytest.raises(CommandError, match=words):
        run("import_customers", "hartwell", file(tmp_path, *lines))
    assert not Customer.objects.exists()


def test_an_unknown_tenant_file_field_or_column_is_named(tenant, tmp_path):
    path = file(tmp_path, HEAD, BOB)
    for arguments, words in (
        (["nobody", path], "nobody"),
        (["hartwell", str(tmp_path / "none.csv")], "cannot be read"),
        (["hartwell", path, "--map", "phone=colour"], "COLUMN=FIELD"),
        (["hartwell", path, "--map", "Telephone=phone"], "no column Telephone"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("import_customers", *arguments)


def test_bad_lines_are_named_with_their_number_and_the_rest_is_taken(tenant, tmp_path):
    lines = [
        HEAD,
        BOB,
        ",Residential,No,Id,,,,,,,,,",
        "8,Residential,,,,,,,,,,,",
        BOB,
        FIRM + ",one,too,many",
        "x" * 60 + ",,A,B",
        FIRM,
    ]
    path, errors = file(tmp_path, *lines), tmp_path / "errors.csv"
    done = run("import_customers", "hartwell", path, "--errors", str(errors))
    assert (done["created"], done["refused"]) == (2, 5)
    told = [(row["line"], row["reason"]) for row in csv.DictReader(errors.open())]
    assert [line for line, _ in told] == ["3", "4", "5", "6", "7"]
    assert [reason.split()[0] for _, reason in told] == ["has", "says", "its", "has", "its"]


def test_an_unknown_type_is_left_empty_and_said(tenant, tmp_path):
    done = run("import_customers", "hartwell", file(tmp_path, HEAD, BOB.replace("Residential", "Res")))
    assert done["created"] == 1
    assert "neither Residential nor Commercial" in done["notes"][0]
    assert Customer.objects.get().kind == ""


def test_letters_of_windows_and_nothing_bytes_do_no_harm(tenant, tmp_path):
    run(
        "import_customers",
        "hartwell",
        file(tmp_path, HEAD, BOB.replace("Bob", "José\x00"), encoding="cp1252"),
    )
    assert Customer.objects.get().name == "José Thornwick"


def test_pairs_into_a_folder_that_is_not_there_are_refused_before_the_work(tenant, tmp_path):
    with pytest.raises(CommandError, match="no folder"):
        call_command("dedupe", "hartwell", "--pairs", str(tmp_path / "none" / "pairs.csv"))
    with pytest.raises(CommandError, match="nobody"):
        call_command("dedupe", "nobody")


# --- what goes right


def test_a_line_becomes_a_customer_with_contacts_a_location_and_links(tenant, tmp_path):
    done = run("import_customers", "hartwell", file(tmp_path, HEAD + ",Favourite Colour", BOB + ",green"))
    assert (done["created"], done["ignored_columns"]) == (1, ["Favourite Colour"])
    bob = Customer.objects.get()
    assert (bob.name, bob.kind, bob.street, bob.postal_code) == (
        "Bob Thornwick",
        "Residential",
        "412 Juniper Ln",
        "75007",
    )
    assert set(Contact.objects.values_list("kind", "value", "e164", "email")) == {
        ("phone", "(214) 322-7781", "+12143227781", ""),
        ("phone", "469-871-2290", "+14698712290", ""),
        ("email", "bob@example.com", "", "bob@example.com"),
    }
    assert Location.objects.get().customer == bob
    link = Link.objects.get(entity="customer")
    assert (link.external_id, link.record_id, link.source.system) == ("7", bob.pk, "file")
    assert AuditEntry.objects.get(action="customers.imported").tenant == tenant
    assert Unmatched.objects.filter(customer=bob.pk).exists()


def test_importing_again_changes_nothing(tenant, tmp_path):
    path = file(tmp_path, HEAD, BOB, FIRM)
    run("import_customers", "hartwell", path)
    before = [
        list(model.objects.order_by("pk").values()) for model in (Customer, Contact, Location, Link, Change)
    ]
    done = run("import_customers", "hartwell", path)
    assert (done["created"], done["updated"], done["unchanged"]) == (0, 0, 2)
    assert [
        list(model.objects.order_by("pk").values()) for model in (Customer, Contact, Location, Link, Change)
    ] == before


def test_the_same_id_brings_its_customer_up_to_date(tenant, tmp_path):
    run("import_customers", "hartwell", file(tmp_path, HEAD, BOB))
    done = run(
        "import_customers",
        "hartwell",
        file(tmp_path, HEAD, BOB.replace("Bob", "Rob").replace("469-871-2290", "")),
    )
    assert (done["created"], done["updated"]) == (0, 1)
    assert Customer.objects.get().name == "Rob Thornwick"
    assert not Contact.objects.get(e164="", kind="phone").active


def test_columns_by_other_names_are_taken_in_by_map(tenant, tmp_path):
    path = file(tmp_path, "\ufeffCustomer No,Full Name,ZIP", "A-1,Ana Núñez,75007")
    run("import_customers", "hartwell", path, "--map", "Customer No=id", "--map", "Full Name=name")
    assert Customer.objects.values_list("external_id", "name", "postal_code").get() == (
        "A-1",
        "Ana Núñez",
        "75007",
    )


def test_a_number_that_cannot_be_called_is_kept_as_it_stands(tenant, tmp_path):
    run(
        "import_customers", "hartwell", file(tmp_path, HEAD, BOB.replace("(214) 322-7781", "call the office"))
    )
    kept = Contact.objects.get(value="call the office")
    assert (kept.e164, kept.usable) == ("", False)


def test_dedupe_writes_pairs_with_the_ids_imported(tenant, tmp_path):
    run("import_customers", "hartwell", file(tmp_path, HEAD, BOB, ROBERT, FIRM))
    target = tmp_path / "pairs.csv"
    done = run("dedupe", "hartwell", "--pairs", str(target))
    assert (done["customers"], done["pairs_written"]) == (3, 1)
    with target.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert {row["id_a"], row["id_b"]} == {"7", "8"}
    assert float(row["score"]) == pytest.approx(MatchCandidate.objects.get().score, abs=1e-6)
    assert row["band"] in {"merge", "review"}
    assert "same phone" in row["reasons"]
    assert AuditEntry.objects.filter(action="duplicates.looked_for", tenant=tenant).exists()


def test_a_shop_nobody_learned_from_is_deduplicated_well(tenant, tmp_path):
    rows = customers(3000, seed=424)
    write(rows, tmp_path / "shop.csv")
    run("import_customers", "hartwell", str(tmp_path / "shop.csv"))
    run("dedupe", "hartwell", "--pairs", str(tmp_path / "pairs.csv"))
    with (tmp_path / "pairs.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    truth = truths(rows)
    places = {row["id"]: place for place, row in enumerate(rows)}
    import numpy as np

    left, right = (np.array([places[row[side]] for row in found]) for side in ("id_a", "id_b"))
    certain = np.array([row["band"] == "merge" for row in found])
    assert fit(truth, left, right).f1 > 0.95
    assert fit(truth, left[certain], right[certain]).precision > 0.998
    assert certain.sum() > 300
