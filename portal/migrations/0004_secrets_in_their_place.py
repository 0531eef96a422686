from django.db import migrations

from portal.binding import bind_factors


def bind(apps, schema_editor):
    """What opens a second factor was bound to no person."""
    bind_factors(apps.get_model("mfa", "Authenticator"))


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0003_log_in"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(bind)]
