"""What logging in keeps of its own; factors and sessions stand in django-allauth's tables."""

from django.db import models


class LogInTries(models.Model):
    """When somebody guessed wrong lately: at one account, from one address, from one device, at one second factor."""

    key = models.CharField(max_length=64, unique=True)
    """A hash: what was typed as user name may be a password."""
    times = models.JSONField(default=list)
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "log-in tries"

    def __str__(self) -> str:
        return self.key
