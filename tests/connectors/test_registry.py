"""The registry: what is typed in is checked before it is stored, and secrets are known as such."""

from integrations.connectors.registry import CONNECTORS

SPEC = CONNECTORS["servicetitan"]
GOOD = {"tenant_id": " 900001 ", "client_id": "cid.x", "client_secret": "cs1.y", "app_key": "ak1.z"}


def test_a_tenant_id_that_is_not_a_number_is_refused_with_what_to_do():
    _, wrong = SPEC.clean({**GOOD, "tenant_id": "900001/../1"})
    assert wrong.keys() == {"tenant_id"}
    assert "digits only" in wrong["tenant_id"]


def test_a_missing_secret_says_where_it_is_found():
    _, wrong = SPEC.clean({**GOOD, "client_secret": ""})
    assert "Generate" in wrong["client_secret"]


def test_a_credential_with_a_line_break_inside_is_refused_without_repeating_it():
    _, wrong = SPEC.clean({**GOOD, "app_key": "ak1.top\nsecret"})
    assert wrong.keys() == {"app_key"}
    assert "top" not in wrong["app_key"]


def test_good_credentials_come_back_without_blanks_around_them():
    values, wrong = SPEC.clean(GOOD)
    assert not wrong
    assert values["tenant_id"] == "900001"


def test_client_secret_and_app_key_are_secrets_and_nothing_else_is():
    assert {field.name for field in SPEC.fields if field.secret} == {"client_secret", "app_key"}


def test_a_setting_is_one_of_its_choices_and_the_usual_one_where_nothing_is_chosen():
    spec = CONNECTORS["syspro"]
    good = {"operator": "TRUNK", "operator_password": "x y", "company": "EDU1"}
    assert spec.clean(good)[0]["posting_period"] == "C"
    _, wrong = spec.clean({**good, "posting_period": "Q"})
    assert wrong == {"posting_period": "Choose one of C, P, B."}


def test_codes_that_become_parts_of_an_address_are_codes():
    _, wrong = CONNECTORS["syspro"].clean(
        {"operator": "TRUNK", "operator_password": "x", "company": "../EDU1"}
    )
    assert wrong.keys() == {"company"}
