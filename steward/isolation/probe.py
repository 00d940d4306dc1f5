"""Whether one tenant reaches another's rows, by trying it as the application's roles do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steward import Inconclusive

if TYPE_CHECKING:
    from steward.isolation.matrix import Matrix
    from steward.profile import Profile
    from steward.target import Target

__all__ = ["run"]


def run(at: Target, profile: Profile, *, writes: bool) -> Matrix:
    """Try every relation as every role of the application, and say of each try how it ended.

    Without ``writes`` existing tenants are read in READ ONLY transactions. With it invented tenants are written, in
    transactions that are always rolled back; ``at`` must then be a database where writing is allowed.

    Raises:
        Inconclusive: there is nothing that could be tried.

    """
    tried = f"{'writes' if writes else 'reads'} of {profile.tenancy.column} at {at.label}"
    raise Inconclusive(f"nothing of the {tried} was tried")
