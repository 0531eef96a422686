"""Finding the person whom a command names."""

from django.core.management.base import CommandError

from portal.models import User


def person_named(username: str) -> User:
    """The person, or a CommandError."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is nobody with the user name {username}.")
    return user
