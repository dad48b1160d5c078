"""Promise kept here: a malformed partner file stops at start with file:line, what is wrong and the valid values."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import ConfigError, UnknownPartner
from connectors.partners import find_partner, load_partner, load_partners

GOOD = """\
partner: northvale
name: Northvale Vectors
sites: [{site: NV-BOS, timezone: America/New_York, roles: [vector_mfg, test_lab]}]
contacts: [{audience: partner, email: data-desk@northvale.example}]
feeds:
  - kind: coa
    contract: northvale-coa@2.3          # any 2.3.x
    every: 15m
    grace: PT5M
    connector: rest
    options: {base_url: "env:NORTHVALE_URL", auth: {oauth2: {token_path: /oauth/token, client_id: "env:NV_ID", client_secret: "env:NV_SECRET"}},
              path: /v1/certificates, items: $.data, paginator: {cursor: $.next}, since: updated_since}
    format: json
"""  # noqa: E501


def write(folder: Path, text: str, name: str = "northvale.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_partner(path)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_the_partner_file_of_the_design_is_read(tmp_path: Path) -> None:
    partner = load_partner(write(tmp_path, GOOD))
    feed = partner.feed("coa")
    assert (partner.partner, partner.sites[0].timezone, partner.contacts[0].audience) == (
        "northvale",
        "America/New_York",
        "partner",
    )
    assert (feed.name, feed.contract, feed.every, feed.grace, feed.format) == (
        "northvale/coa",
        "northvale-coa@2.3",
        timedelta(minutes=15),
        timedelta(minutes=5),
        "json",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "name: North",
            "nmae: North",
            [
                '1:1 "name" is missing; the partner\'s name for people',
                '2:1 unknown key "nmae"; did you mean name? valid: contacts, feeds, name, partner, sites',
            ],
        ),
        (
            "America/New_York",
            "America/Boston",
            ["3:34 \"sites.timezone\": 'America/Boston' is not an IANA time zone; write it like Europe/Brussels"],
        ),
        (
            "[vector_mfg, test_lab]",
            "[vector_mfg, lab]",
            ["3:72 \"sites.roles\" cannot be 'lab'; valid: cell_mfg, sponsor, test_lab, vector_mfg"],
        ),
        (
            "kind: coa",
            "kind: COA",
            ["6:11 \"feeds.kind\" cannot be 'COA'; did you mean coa? valid: coa, pat, schedule"],
        ),
        (
            "northvale-coa@2.3",
            "northvale-coa",
            ['7:15 "feeds.contract": not a contract reference; write id@version like northvale-coa@2.3'],
        ),
        (
            "every: 15m",
            "every: 15",
            ['8:12 "feeds.every": not a span of time; write it like 15m, 2h, 30s, 1d or PT15M'],
        ),
        (
            "connector: rest",
            "connector: rset",
            ["10:16 no connector is called rset; did you mean rest? valid: folder, rest, sftp"],
        ),
        (
            "since: updated_since",
            "sinse: updated_since",
            [
                (
                    '12:83 unknown key "sinse"; did you mean since? valid: auth, base_url, connect_timeout, deadline, '
                    "file, items, key, max_bytes, paginator, params, path, paths and 4 more"
                )
            ],
        ),
        (
            '"env:NV_SECRET"',
            "hunter2-canary",
            [
                (
                    '11:127 "auth.oauth2.client_secret": a secret is written as a reference, env:NAME or file:PATH, '
                    "never as its value"
                )
            ],
        ),
        ("feeds:\n", "feeds: []\nfeed:\n", None),
        ("partner: northvale", "partner: Northvale Vectors", None),
        ("sites: [{", "sites: [", None),
        (GOOD, "", ['1:1 the file holds no keys; a partner file starts with "partner: <id>"']),
        (GOOD, "- northvale\n", ['1:1 the file holds no keys; a partner file starts with "partner: <id>"']),
    ],
)
def test_each_mistake_is_told_with_its_line_and_what_is_valid(
    tmp_path: Path, old: str, new: str, said: list[str] | None
) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    found = problems(path)
    if said is not None:
        assert found == said
    assert "canary" not in "".join(found)
    assert all(line.split(":")[0].isdigit() for line in found)


def test_all_problems_of_a_file_come_in_one_go(tmp_path: Path) -> None:
    text = GOOD.replace("America/New_York", "Mars/Base").replace("every: 15m", "every: often").replace("rest", "mail")
    assert [line.split(" ")[0] for line in problems(write(tmp_path, text))] == ["3:34", "8:12", "10:16"]


def test_two_feeds_of_one_kind_are_refused(tmp_path: Path) -> None:
    feed = (
        "  - {kind: coa, contract: northvale-coa@2.3, every: 1h, connector: folder, options: {root: x, paths: [a]}}\n"
    )
    assert problems(write(tmp_path, GOOD + feed)) == [
        '14:12 kind "coa" stands here a second time; one feed of a kind is enough'
    ]


def test_two_partners_with_one_id_name_both_files(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "a.yaml")
    write(tmp_path, "# copy\n" + GOOD, "b.yaml")
    with pytest.raises(ConfigError) as caught:
        load_partners(tmp_path)
    [problem] = caught.value.problems
    assert str(problem) == (
        f'{tmp_path}/b.yaml:2:10 a second partner is called "northvale"; the first is in {tmp_path}/a.yaml:1'
    )


def test_a_broken_file_does_not_hide_the_problems_of_the_next(tmp_path: Path) -> None:
    write(tmp_path, "partner: [", "a.yaml")
    write(tmp_path, GOOD.replace("15m", "15"), "b.yaml")
    with pytest.raises(ConfigError) as caught:
        load_partners(tmp_path)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_an_unknown_partner_or_feed_lists_the_valid_ones(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    partners = load_partners(tmp_path)
    with pytest.raises(
        UnknownPartner, match=r"no partner is called northvail; did you mean northvale\? valid: northvale"
    ):
        find_partner(partners, "northvail")
    with pytest.raises(UnknownPartner, match="no feed of northvale is called pat; valid: coa"):
        partners["northvale"].feed("pat")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_partners(tmp_path / "partners")
