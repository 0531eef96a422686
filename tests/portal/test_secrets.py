import json
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.test.utils import isolate_apps

from portal import misplaced
from portal.forms import SecretFormField
from portal.keyring import SecretMisplaced, SecretUnreadable, bound, check_field_keys, keyring, rotated
from portal.secrets import EncryptedJSONField, EncryptedTextField, Secret

PLAIN = "hunter2-" + "z" * 12


with isolate_apps("portal"):  # it needs no table: only values are converted

    class Vault(models.Model):
        """A model for these tests alone."""

        owner = models.IntegerField(default=7)
        text = EncryptedTextField(blank=True, of=("owner",))
        parts = EncryptedJSONField(null=True, of=("owner",))

        class Meta:
            app_label = "portal"

        def __str__(self):
            return "a vault"


def stored(plain, name="text", owner=7):
    """What a save writes into the column."""
    field = Vault._meta.get_field(name)
    return field.get_prep_value(field.pre_save(Vault(owner=owner, **{name: plain}), True))


def loaded(token, name="text", owner=7):
    """The attribute of a row that was read."""
    value = Vault._meta.get_field(name).from_db_value(token, None, None)
    return getattr(Vault(pk=1, owner=owner, **{name: value}), name)


def before_places(plain):
    """As versions before places stored it."""
    return keyring().encrypt_at_time(json.dumps(plain).encode(), 1_700_000_000).decode()


@pytest.fixture
def entries(monkeypatch):
    """What would go to the audit trail: the model of these tests has no row that it could name."""
    found = []
    monkeypatch.setattr(misplaced, "_record", found.append)
    return found


@pytest.mark.parametrize("where", [{"owner": 8}, {"name": "parts"}])
@pytest.mark.django_db
def test_a_token_that_was_put_elsewhere_is_refused_and_told(where, caplog, entries):
    with pytest.raises(SecretMisplaced) as raised:
        loaded(stored(PLAIN), **where).reveal()
    assert PLAIN not in str(raised.value)
    assert [line.levelname for line in caplog.records] == ["ERROR"]
    assert len(entries) == 1


@pytest.mark.django_db
def test_a_token_bound_to_no_place_is_refused_and_is_bound_by_word_alone(entries):
    token = before_places(PLAIN)
    with pytest.raises(SecretMisplaced):
        loaded(token).reveal()
    place = Vault._meta.get_field("text").place_of(Vault())
    with pytest.raises(SecretMisplaced):
        rotated(token, place)
    known = loaded(bound(token, place))
    assert known.reveal() == PLAIN
    assert known.set_at.timestamp() == 1_700_000_000


def test_what_stands_in_the_wrong_place_is_not_bound_to_it():
    token = stored(PLAIN)
    assert bound(token, Vault._meta.get_field("text").place_of(Vault(owner=8))) == token


def test_without_its_row_a_secret_does_not_open():
    with pytest.raises(ValueError, match="row"):
        Secret(token=stored(PLAIN)).reveal()


def test_a_plain_text_is_not_written_where_its_row_is_not_known():
    with pytest.raises(ValueError, match="Where"):
        Vault._meta.get_field("text").get_prep_value(PLAIN)


def test_a_secret_that_code_hands_to_another_row_is_sealed_anew_for_it():
    row = Vault(owner=8)
    row.text = loaded(stored(PLAIN))
    assert loaded(Vault._meta.get_field("text").pre_save(row, False).token, owner=8).reveal() == PLAIN


def test_a_row_that_is_given_to_another_owner_takes_its_secret_along():
    row = Vault(pk=1, owner=7, text=Secret(token=stored(PLAIN)))
    row.owner = 8
    assert loaded(Vault._meta.get_field("text").pre_save(row, False).token, owner=8).reveal() == PLAIN


def test_a_fixture_holds_the_token_and_gives_it_back():
    token = stored(PLAIN)
    field = Vault._meta.get_field("text")
    assert field.to_python(field.value_to_string(Vault(text=Secret(token=token)))).token == token


def test_a_wrong_key_is_a_clear_error_and_never_passes_the_token_on(settings):
    token = stored(PLAIN)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SecretUnreadable) as raised:
        loaded(token).reveal()
    assert "FIELD_KEYS" in str(raised.value)
    assert token not in str(raised.value)


def test_a_damaged_token_is_the_same_clear_error():
    with pytest.raises(SecretUnreadable):
        loaded("plain text that someone put into the column").reveal()


def test_what_is_stored_does_not_contain_the_secret_and_comes_back():
    token = stored(PLAIN)
    assert PLAIN not in token
    assert loaded(token).reveal() == PLAIN


def test_json_comes_back_as_it_was():
    vault = Vault(parts={"id": 1, "keys": ["ä", None]})
    token = Vault._meta.get_field("parts").pre_save(vault, True).token
    assert loaded(token, "parts").reveal() == {"id": 1, "keys": ["ä", None]}


def test_a_plain_value_that_is_assigned_hides_itself_at_once():
    vault = Vault(text=PLAIN)
    assert PLAIN not in f"{vault.text} {vault.text!r} {vars(vault)}"
    assert vault.text.reveal() == PLAIN


def test_blank_and_none_stay_what_they_are():
    assert Vault(text="").text == ""
    assert Vault(parts=None).parts is None


def test_a_secret_is_not_pickled_into_a_queue():
    with pytest.raises(TypeError):
        pickle.dumps(Secret(plain=PLAIN))


def test_a_secret_is_no_json_by_accident():
    with pytest.raises(TypeError):
        json.dumps({"x": Secret(plain=PLAIN)})


def test_it_knows_when_it_was_stored():
    since = loaded(stored(PLAIN)).set_at
    assert abs(datetime.now(UTC) - since) < timedelta(seconds=10)


@pytest.mark.parametrize("lookup", ["exact", "startswith", "contains", "gt", "in", "regex"])
def test_the_database_cannot_be_asked_for_a_secret(lookup):
    with pytest.raises(FieldError, match="encrypted"):
        Vault.objects.filter(**{f"text__{lookup}": "x"})


def test_an_old_key_still_reads_and_rotation_moves_to_the_first(settings):
    token = stored(PLAIN)
    old = settings.FIELD_KEYS[0]
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), old]
    assert loaded(token).reveal() == PLAIN
    fresh = rotated(token, Vault._meta.get_field("text").place_of(Vault()))
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert loaded(fresh).reveal() == PLAIN


def test_a_malformed_key_is_named_by_position_and_never_by_value(settings):
    settings.FIELD_KEYS = [settings.FIELD_KEYS[0], "not-a-key"]
    problem = check_field_keys()[0]
    assert "Key 2 of 2" in problem.msg
    assert "not-a-key" not in problem.msg
    with pytest.raises(ImproperlyConfigured, match="Key 2 of 2"):
        stored("x")


class TestTheFormField:
    def form(self, data=None, initial=None):
        from django import forms

        class Form(forms.Form):
            key = SecretFormField()

        return Form(data, initial={"key": initial})

    def test_it_never_shows_what_is_stored_or_was_typed(self):
        for form in (self.form(initial=Secret(plain=PLAIN)), self.form({"key": PLAIN})):
            assert PLAIN not in form.as_p()

    def test_it_asks_for_what_is_not_stored(self):
        form = self.form({"key": ""})
        assert not form.is_valid()
        assert "not set" in form.as_p()

    def test_blank_keeps_what_is_stored_and_is_no_change(self):
        form = self.form({"key": ""}, loaded(stored(PLAIN)))
        assert form.is_valid()
        assert not form.has_changed()
        assert "stored, set on" in form.as_p()

    def test_saving_a_blank_leaves_the_model_alone(self):
        vault = Vault(text=PLAIN)
        Vault._meta.get_field("text").save_form_data(vault, "")
        assert vault.text.reveal() == PLAIN
