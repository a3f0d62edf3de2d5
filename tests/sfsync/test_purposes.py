"""Every purpose that books API calls has its place among what gives way."""

from __future__ import annotations

import re

from sfsync.degradation import PRIORITIES
from sfsync.usage import UNNAMED
from tests.conftest import ROOT


def test_each_purpose_in_the_code_has_a_priority_and_no_priority_is_left_over() -> None:
    named = {
        name
        for package in ("sfsync", "jobs")
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r'with purpose\("(\w+)"\)', path.read_text())
    }

    assert named | {UNNAMED} == set(PRIORITIES)
