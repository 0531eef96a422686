"""Ends all sessions of a person whose rights have changed, so that nobody goes on with what an earlier log-in opened.

Counted at the person: each session carries the number under which it began, and Django ends one that does not fit. A new
password ends the others by the same means, of itself.
"""

from typing import Any

from django.db.models import F
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from portal.models import RoleGrant, User


def end_sessions(user_id: int) -> None:
    """At once, wherever they are."""
    User.objects.filter(pk=user_id).update(sessions_ended=F("sessions_ended") + 1)


@receiver([post_save, post_delete], sender=RoleGrant)
def on_role(instance: RoleGrant, **kwargs: Any) -> None:
    if kwargs.get("raw"):
        return
    end_sessions(instance.user_id)
    if RoleGrant.user.is_cached(instance):
        instance.user.sessions_ended += 1


@receiver(pre_save, sender=User)
def on_switch(instance: User, **kwargs: Any) -> None:
    """Switched off or on, or made a superuser. Somebody else's older copy of the row never turns the number back."""
    changed = kwargs.get("update_fields")
    if kwargs.get("raw") or not instance.pk or (changed and not {"is_active", "is_superuser"} & set(changed)):
        return
    before = User.objects.filter(pk=instance.pk).first()
    if before is None:
        return
    switched = (before.is_active, before.is_superuser) != (instance.is_active, instance.is_superuser)
    instance.sessions_ended = max(before.sessions_ended, instance.sessions_ended) + switched
