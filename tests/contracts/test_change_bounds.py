"""Bounds that are not where they seem: a default of the engine, a limit that another place holds, two kinds of value.

A partner who is told SAFE may be refused, and a comparison that falls over tells nobody anything.
"""

from __future__ import annotations

import pytest

from contracts.change import Comparison, Effect, Grade, compare
from contracts.odcs import load
from contracts.tables import RefFile
from tests.contracts.change_support import change, edited, made, table_text, text_of

ISSUED = "{name: issued_at, logicalType: timestamp, required: true, logicalTypeOptions: {"
REVISION = (
    "{{name: revision, logicalType: {}, required: true, primaryKey: true, primaryKeyPosition: 2, "
    "logicalTypeOptions: {{minimum: "
)
SAMPLING = 'tolerancePercent: "20"'


def only(comparison: Comparison) -> tuple[str, Effect, Grade]:
    (found,) = comparison.changes
    return found.what, found.effect, found.producer


def test_a_tolerance_that_falls_back_on_its_default_tightens():
    wide = edited(text_of("halden-pat"), (SAMPLING, 'tolerancePercent: "50"'))
    bare = edited(text_of("halden-pat"), (f", {SAMPLING}", ""))
    assert only(compare(made(wide), made(bare))) == ("rule.tolerance", Effect.TIGHTENS, Grade.BREAKING)
    assert only(compare(made(bare), made(wide))) == ("rule.tolerance", Effect.LOOSENS, Grade.SAFE)


def test_a_default_that_is_written_out_changes_nothing():
    assert only(change("halden-pat", (f", {SAMPLING}", ""))) == ("rule.tolerance", Effect.DOC_ONLY, Grade.SAFE)


def test_a_gap_that_each_tag_says_for_itself_is_not_weighed():
    found = change("halden-pat", ("rule: maxGap, key: tag, ts: ts", "rule: maxGap, key: tag, ts: ts, seconds: 60"))
    assert only(found) == ("rule.gap", Effect.UNDETERMINED, Grade.BREAKING)


def test_a_tag_that_loses_its_share_of_good_points_meets_that_of_the_rule():
    own = {
        "br_tags_halden": edited(table_text("br_tags_halden"), ("{tag: BR03/PH,", "{tag: BR03/PH, minGoodPercent: 90,"))
    }
    found = compare(made(text_of("halden-pat"), **own), made(text_of("halden-pat")))
    assert ("tag.good", Effect.UNDETERMINED) in [(c.what, c.effect) for c in found.changes]


@pytest.mark.parametrize(
    ("low", "high", "effect"),
    [("7.00", "7.40", Effect.TIGHTENS), ("6.00", "7.40", Effect.LOOSENS)],
)
def test_ranges_of_a_table_that_only_the_rule_names(low: str, high: str, effect: Effect):
    """`limits: other` takes the ranges from a table that is not the one of the tags."""
    text = edited(
        text_of("halden-pat"),
        ("value: [{name: br_tags_halden", 'value: [{name: other, version: "1"}, {name: br_tags_halden'),
        ("limits: tags}", "limits: other}"),
    )
    tags = table_text("br_tags_halden")

    class Refs:
        def __init__(self, other: str) -> None:
            self.texts = {"br_tags_halden": tags, "other": edited(other, ("name: br_tags_halden", "name: other"))}

        def find(self, name: str, version: str) -> RefFile | None:
            return RefFile(f"{name}@{version}.yaml", self.texts[name].encode())

        def known(self) -> tuple[str, ...]:
            return tuple(self.texts)

    moved = edited(tags, ('range: ["6.80", "7.40"]', f'range: ["{low}", "{high}"]'))
    old, new = (load(text.encode(), file="contract.yaml", refs=Refs(other)) for other in (tags, moved))
    (found,) = compare(old, new).changes
    assert (found.what, found.effect) == ("tag.range", effect)
    assert found.new is not None
    assert found.new.file == "other@1.yaml"


def test_a_number_that_becomes_a_date_is_compared():
    found = change(
        "northvale-coa",
        (
            f"{REVISION.format('integer')}1}}}}",
            f'{REVISION.format("date")}"2020-01-01"}}}}',
        ),
    )
    assert {"field.type", "field.range"} <= {c.what for c in found.changes}
    assert found.producer is Grade.BREAKING


def test_times_with_offsets_are_no_order_of_letters():
    """14:00 in the east is earlier than 12:00 in the west, though its text is the greater one."""
    east, west = (
        edited(
            text_of("northvale-coa"),
            (
                f"{ISSUED}timezone: true",
                f'{ISSUED}timezone: true, minimum: "{at}"',
            ),
        )
        for at in ("2020-01-01T14:00:00+05:00", "2020-01-01T12:00:00+01:00")
    )
    assert only(compare(made(east), made(west)))[1:] == (Effect.UNDETERMINED, Grade.BREAKING)
