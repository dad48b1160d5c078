"""Every file of the story in a folder, good ones and broken ones, with what `jid check` must say of each.

    write_samples(Path("samples"), catalog, story)      # samples/<partner>/..., samples/expected.json

`expected.json` is a list, one entry a file: {file, contract, verdict, codes, places}. It holds what the file alone
shows: a silent change or a slipped slot is seen only by who knows the earlier files, so those files count as good here.
A place is a JSON pointer, a tag, or nothing but the code where the finding is about the whole file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.shelf import Catalog
from sandbox import certificates, pat, slots, workbook
from sandbox.certificates import Paper
from sandbox.home import WINDOW_MINUTES
from sandbox.pat import Defect
from sandbox.story import HOUR, PARTNERS, PartnerId, Story
from sandbox.truth import ACCEPTED, CODE_OF_DEFECT, REJECTED, WARNED, verdict_of_paper

_NEEDS_HISTORY = frozenset({"COA-E406", "COA-E408"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One file. `places`: (code, pointer or tag or None) of each finding."""

    file: str
    contract: str
    data: bytes
    verdict: str
    places: tuple[tuple[str, str | None], ...] = ()

    @property
    def codes(self) -> list[str]:
        return sorted({code for code, _ in self.places})


def write_samples(folder: Path, catalog: Catalog, story: Story) -> list[Sample]:
    """Write all samples and `expected.json`. Files that lie there already are overwritten, others are left alone."""
    made = list(samples(story.at(2), catalog))
    for sample in made:
        path = folder / sample.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)
    listed = [
        {
            "file": sample.file,
            "contract": sample.contract,
            "verdict": sample.verdict,
            "codes": sample.codes,
            "places": [{"code": code, "at": at} for code, at in sample.places],
        }
        for sample in made
    ]
    (folder / "expected.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    return made


def samples(story: Story, catalog: Catalog) -> Iterator[Sample]:
    """Every file that the partners send up to act 2; of process data the first hour and each broken one."""
    for partner in PARTNERS:
        yield from _certificates(story, partner, catalog)
        yield from _schedules(story, partner)
        yield from _series(story, partner, catalog)


def _certificates(story: Story, partner: PartnerId, catalog: Catalog) -> Iterator[Sample]:
    contract = catalog.get(f"{partner}-coa@2")
    suffix = "xlsx" if partner == "brightwater" else "json"
    written: set[str] = set()
    for paper in certificates.papers(story, partner, contract):
        data = workbook.as_xlsx(paper, contract) if suffix == "xlsx" else paper.text().encode() + b"\n"
        name = paper.file_name(suffix)
        if name in written:  # the file that was written anew in silence lies beside the one it replaced
            name = f"changed_{name}"
        written.add(name)
        places = _places(paper)
        verdict = verdict_of_paper(paper)[0] if places else ACCEPTED
        yield Sample(f"{partner}/coa/{name}", contract.id, data, verdict, places)
        if paper.number == 13:
            half = data[: len(data) // 2]
            yield Sample(f"{partner}/coa/half_{name}", contract.id, half, REJECTED, (("FILE-E402", None),))


def _places(paper: Paper) -> tuple[tuple[str, str | None], ...]:
    """Where the file itself shows each finding."""
    codes = [code for code in verdict_of_paper(paper)[1] if code not in _NEEDS_HISTORY]
    index = {result["characteristic"]: i for i, result in enumerate(paper.body["results"])}
    of_results = {
        "COA-E104": ("PH", "value"),
        "COA-E108": ("MYCO_NAT", "value"),
        "COA-E201": ("TITRE_INF", "unit"),
        "COA-E302": ("RCL_CELL", "value"),
        "FILE-E206": ("OSMO", "comment"),
    }
    of_document = {"COA-E304": "/results", "COA-E501": "/mfg_date"}

    def place(code: str) -> str:
        if code in of_document:
            return of_document[code]
        test, field = of_results[code]
        return f"/results/{index[test]}/{field}"

    return tuple((code, place(code)) for code in codes)


def _schedules(story: Story, partner: PartnerId) -> Iterator[Sample]:
    contract = f"{partner}-schedule"
    if partner == "northvale":
        yield Sample(f"{partner}/schedule/schedule.json", contract, slots.as_json(story, partner), ACCEPTED)
        return
    told = (story.at(1), story) if partner == "brightwater" else (story.at(1),)
    for act in told:
        name = f"{partner}/schedule/{slots.file_name(act)}"
        yield Sample(name, contract, slots.as_csv(act, partner), ACCEPTED)


def _series(story: Story, partner: PartnerId, catalog: Catalog) -> Iterator[Sample]:
    contract = catalog.get(f"{partner}-pat@1")
    tags = {tag.name: tag.tag for tag in contract.schema.tags}
    broken = {_start_of(story, partner, d): d for d in pat.defects(story, partner)}
    for start in sorted({story.pat_start, *broken}):
        defect = broken.get(start)
        code = CODE_OF_DEFECT[defect.kind] if defect else None
        if partner == "northvale":
            end = start + WINDOW_MINUTES * HOUR / 60
            # Both ends of a historian's window count; the last second before its end is the window's last.
            data = pat.as_pi(story, contract, start, end - HOUR / 3600, now=story.pat_end)
            name = f"recorded_{start:%Y%m%dT%H%M%SZ}.json"
        else:
            data = pat.as_csv(story, partner, contract, start)
            name = pat.file_name(partner, start)
        verdict = WARNED if code is not None and code != "PAT-E404" else ACCEPTED
        # Bad points are told in one line that names no tag.
        places = ((code, None if defect.kind == "bad" else tags[defect.signal]),) if defect and code else ()
        yield Sample(f"{partner}/pat/{name}", contract.id, data, verdict, places)


def _start_of(story: Story, partner: PartnerId, defect: Defect) -> datetime:
    """The beginning of the file or window in which a defect lies."""
    size = WINDOW_MINUTES * HOUR / 60 if partner == "northvale" else HOUR
    return story.pat_start + (defect.start - story.pat_start) // size * size
