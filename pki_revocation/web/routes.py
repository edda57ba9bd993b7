"""The addresses of the subscriber's page, and what its forms must have to be taken."""

import logging
from collections.abc import Callable

from flask import Blueprint, redirect, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped] # it carries no types
from werkzeug.wrappers import Response

from pki_revocation.errors import StoreError
from pki_revocation.subscribers.languages import Language

from .answering import FormAnswering
from .availability import UnderMaintenance
from .page import SubscriberPage
from .request_origin import CrossSiteForm, is_from_here
from .steps import Step, first_address

_log = logging.getLogger(__name__)


def subscriber_page(
    page: SubscriberPage, answering: FormAnswering, public_url: str, error_page: Callable[[Exception], Response]
) -> Blueprint:
    """The routes of the subscriber's page, for the application at *public_url*.

    *error_page* is what is shown of an error where nothing of the form can be kept.
    """
    blueprint = Blueprint("page", __name__)

    @blueprint.before_request
    def refuse_cross_site_forms() -> None:
        if request.method == "POST" and not is_from_here(request, public_url):
            raise CrossSiteForm("The form was sent by another site.")

    @blueprint.get("/")
    def root() -> Response:
        return redirect(first_address())

    for language in Language:
        blueprint.get(language.page, endpoint="show", strict_slashes=False)(page.begin)
        blueprint.post(language.page, endpoint="submit", strict_slashes=False)(answering.begin)
    Step.IDENTIFY.add_to(blueprint, "GET", page.show_identify)
    Step.IDENTIFY.add_to(blueprint, "POST", answering.identify)
    Step.REASON.add_to(blueprint, "GET", page.show_reason)
    Step.REASON.add_to(blueprint, "POST", answering.take_answers)
    Step.CHECK.add_to(blueprint, "GET", page.show_check)
    Step.CHECK.add_to(blueprint, "POST", answering.confirm)
    Step.LEFT.add_to(blueprint, "GET", page.show_left)

    def keep_or_say(error: Exception) -> Response:
        kept = answering.keep_for_later(error)
        if kept is None:
            return error_page(error)
        if isinstance(error, StoreError):
            _log.error("%s", error)
        return kept

    for kind in (CSRFError, StoreError, UnderMaintenance):
        blueprint.register_error_handler(kind, keep_or_say)
    return blueprint
