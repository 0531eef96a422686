"""Pages of an admin's own, beside the stock ones: found, guarded and named by a decorator on a method."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from portal.access import Action, access_of
from portal.entrance.again import ask_again
from portal.entrance.confirming import Confirming


@dataclass(frozen=True)
class View:
    """What `object_view` and `list_view` note on a method, for `get_urls`."""

    path: str
    action: Action | None
    methods: tuple[str, ...]
    per_object: bool
    confirm: bool = False


def object_view(
    path: str,
    *,
    action: Action | None = None,
    methods: tuple[str, ...] = ("GET", "POST"),
    confirm: bool = False,
) -> Callable[[Any], Any]:
    """Make a method `(self, request, obj)` a page under `<pk>/path`, named `<app>_<model>_<method>`.

    The row is looked up first (404 outside the person's tenants), then the action (403), then the method (405).
    `action` None asks for the admin's `view_action`. With `confirm`, people say again who they are before it.
    """
    return _mark(View(path, action, methods, per_object=True, confirm=confirm))


def list_view(
    path: str,
    *,
    action: Action | None = None,
    methods: tuple[str, ...] = ("GET", "POST"),
    confirm: bool = False,
) -> Callable[[Any], Any]:
    """Make a method `(self, request)` a page beside the list, named `<app>_<model>_<method>`."""
    return _mark(View(path, action, methods, per_object=False, confirm=confirm))


def _mark(view: View) -> Callable[[Any], Any]:
    def mark(method: Any) -> Any:
        method.admin_view = view
        return method

    return mark


class OwnPages(Confirming):
    """Gives the marked methods their addresses, and all pages one frame. Mixed into `TenantAdmin`."""

    view_action: ClassVar[Action | None]

    def object_or_404(self, request: HttpRequest, pk: object, action: Action | None = None) -> Any:
        raise NotImplementedError

    def may(self, request: HttpRequest, action: Action | None, obj: Any = None) -> bool:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        """Stock addresses, with those of `object_view` and `list_view` before them."""
        return [*self._own_urls(), *super().get_urls()]

    def _own_urls(self) -> Iterable[URLPattern]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        for name in dir(type(self)):
            view = getattr(getattr(type(self), name, None), "admin_view", None)
            if isinstance(view, View):
                route = f"<path:object_id>/{view.path}" if view.per_object else view.path
                yield path(
                    route, self.admin_site.admin_view(self._guard(name, view)), name=f"{prefix}_{name}"
                )

    def _guard(self, name: str, view: View) -> Callable[..., HttpResponseBase]:
        method = getattr(self, name)

        def guarded(request: HttpRequest, object_id: str | None = None) -> HttpResponseBase:
            obj: list[Any] = []
            if object_id is not None:
                obj = [self.object_or_404(request, object_id, view.action)]
            elif not self.may(request, view.action or self.view_action):
                raise PermissionDenied
            if request.method not in (*view.methods, "HEAD"):
                return HttpResponseNotAllowed(view.methods)
            if view.confirm:
                ask_again(request)
            return method(request, *obj)

        return update_wrapper(guarded, method)

    def page(
        self, request: HttpRequest, template: str, obj: Any = None, *, title: str, **context: Any
    ) -> TemplateResponse:
        """A page of this admin in its usual frame: bread crumbs, header, messages."""
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "app_label": self.opts.app_label,
                "original": obj,
                "object": obj,
                "title": title,
                "media": self.media,
                "access": access_of(request.user),
                "has_view_permission": self.has_view_permission(request, obj),
                **context,
            },
        )
