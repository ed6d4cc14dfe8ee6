"""Random rulesets on this machine's iptables, saved and listed: both readings say the same. Needs root."""

import os

import pytest

from .listing import differences
from .netns import PREFIX, Namespace
from .rulesets import KINDS, random_case

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("kind", KINDS)
def test_a_listing_says_what_the_save_says(kind: str) -> None:
    """No rule of five random rulesets is listed and read as another one, in either back-end."""
    for seed in range(1, 6):
        case = random_case(kind, seed)
        for backend, rules in case.rules.items():
            space = Namespace(f"{PREFIX}{os.getpid():x}-list")
            try:
                if case.ipset:
                    space.run("ipset", "restore", stdin=case.ipset)
                assert list(differences(space, backend, case.family, rules)) == []
            finally:
                space.remove()
