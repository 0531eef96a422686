import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0005_failed_record_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="disconnects",
            field=models.PositiveIntegerField(
                default=0,
                editable=False,
                help_text="Grows with each disconnect: whoever read an older number calls no more",
            ),
        ),
        migrations.CreateModel(
            name="Disconnection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("keep", "Keep everything, frozen"),
                            ("wipe", "Wipe what came only from there"),
                        ],
                        max_length=4,
                    ),
                ),
                ("planned", models.JSONField(default=dict)),
                ("staying", models.JSONField(default=dict)),
                ("done", models.JSONField(default=dict)),
                ("at", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("lease_number", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="disconnections",
                        to="integrations.connection",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)),
                        fields=("connection",),
                        name="one_open_disconnection",
                    )
                ],
            },
        ),
    ]
