"""What a subscriber needs most after revoking stands on the first two screens of a telephone."""

import pytest
from playwright.sync_api import Browser

from tests.pki_revocation.web.browsing.visitor import Visitor
from tests.subscribers import Subscriber

_BOTTOMS = """
ids => ids.map((id) => Math.round(document.getElementById(id).getBoundingClientRect().bottom + scrollY))
"""


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844)])
def test_reference_liability_receipt_and_next_steps_come_first(
    chromium: Browser, address: str, subscriber: Subscriber, language: str, width: int, height: int
) -> None:
    """In this order and whole, after revoking and when the letter is used again; what others see comes after."""
    visitor = Visitor(chromium, language=language, width=width)
    page = visitor.page
    page.set_viewport_size({"width": width, "height": height})
    visitor.identify(address, subscriber)
    page.locator("#reason-replaced").check()
    visitor.confirm()

    for again in (False, True):
        if again:
            visitor.identify(address, subscriber)
        bottoms = page.evaluate(_BOTTOMS, ["reference", "liability", "receipt-document", "next", "for-administrators"])
        assert bottoms == sorted(bottoms)
        assert bottoms[3] <= 2 * height
        assert page.locator("#for-administrators").get_attribute("open") is None
    visitor.leave()
