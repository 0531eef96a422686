from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0015_alerts")]

    operations = [
        migrations.AddIndex(
            model_name="syncrule",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False)), fields=["lease_until"], name="rule_leased"
            ),
        ),
    ]
