from django.db import migrations, models

from portal.binding import bind_column

COLUMNS = [
    ("Connection", "credentials", ("tenant_id", "system")),
    ("AccessToken", "value", ("connection_id",)),
    ("AccessToken", "grant", ("connection_id",)),
    ("WebhookAddress", "key", ("connection_id",)),
    ("Subscription", "secret", ("tenant_id",)),
    ("AlertChannel", "url", ("tenant_id",)),
    ("AlertChannel", "secret", ("tenant_id",)),
]


def bind(apps, schema_editor):
    """What was stored opened wherever it stood; from now on, only in its place."""
    for model, name, of in COLUMNS:
        bind_column(apps.get_model("integrations", model), name, of)


class Migration(migrations.Migration):
    dependencies = [("integrations", "0019_alert_words")]

    operations = [
        migrations.RunPython(bind),
        migrations.AlterField(
            model_name="alertrule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("first_failure", "A sync fails for the first time"),
                    ("failures", "Many failures within a time"),
                    ("waiting", "Records wait for a person"),
                    ("relink", "A connection has to be linked again"),
                    ("drift", "A field or address that is used has changed"),
                    ("late", "Work is late"),
                    ("workers", "Workers are silent, or everything is late (platform)"),
                    ("secrets", "A stored secret was moved by hand"),
                    ("digest", "Daily digest"),
                ],
                max_length=16,
                verbose_name="when",
            ),
        ),
    ]
