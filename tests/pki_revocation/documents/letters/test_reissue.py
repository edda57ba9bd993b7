"""A letter anew: the old code dies as the new one counts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from pki_revocation.audit import verify_chain
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, personal_details
from pki_revocation.documents.letters.drawing import letter_name
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.documents.letters.private_folder import PrivateFolder
from pki_revocation.errors import NotRecognised
from pki_revocation.host.account import claimed_by
from pki_revocation.model import Channel, IssuedCertificate
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.pki_revocation.documents.letters.reading import code_in, letters_in, number_of
from tests.pki_revocation.importing.rows import index_row

NO_REASON = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)


def test_reissue_makes_a_new_code_and_kills_the_old_one(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    database: Database,
    tmp_path: Path,
) -> None:
    """The old code opens nothing, the new one does; the audit trail says it, and who did it stands beside the chain."""
    (one,) = registered(index_row(1))
    number, folder = number_of(one), tmp_path / "letters"
    maker.make([number], folder)
    old = code_in(folder / letter_name(number))

    report = maker.reissue([number], folder, by="anna")

    assert (report.made, report.refused) == (1, ())
    new = code_in(folder / letter_name(number, 2))
    assert (folder / letter_name(number)).exists()
    with pytest.raises(NotRecognised):
        service.authenticate(number, old)
    assert service.authenticate(number, new) is not None
    with database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.event == "codes.reissued")).one()
        assert json.loads(row.detail)["numbers"] == [number]
        assert "anna" not in row.detail
        beside = select(personal_details.c.detail).where(personal_details.c.audit_sequence == row.sequence)
        assert connection.execute(beside).scalars().all() == [json.dumps(claimed_by("anna", key="by"), sort_keys=True)]
        verify_chain(connection)


def test_reissue_is_for_live_certificates_that_have_a_code(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    tmp_path: Path,
) -> None:
    """Without a code there is nothing to replace, and a revoked certificate needs none."""
    fresh, revoked = registered(index_row(1), index_row(2))
    maker.make([number_of(revoked)], tmp_path / "letters")
    service.revoke_for_operator(None, revoked.serial, NO_REASON)

    report = maker.reissue([number_of(fresh), number_of(revoked)], tmp_path / "letters", by="anna")

    assert report.made == 0
    assert "has no revocation code yet" in report.refused[0].reason
    assert "was revoked" in report.refused[1].reason


def test_code_of_before_counts_until_the_new_letter_is_on_disk(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reissue that fails half-way leaves the old code, its letter, and no letter of a code that never counted."""
    (one,) = registered(index_row(1))
    number, folder = number_of(one), tmp_path / "letters"
    maker.make([number], folder)
    old = code_in(folder / letter_name(number))

    def fail(_folder: PrivateFolder) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PrivateFolder, "settle", fail)
    with pytest.raises(OSError, match="space"):
        maker.reissue([number], folder, by="anna")

    assert service.authenticate(number, old) is not None
    assert letters_in(folder) == [letter_name(number)]
