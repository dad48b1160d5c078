"""Personal data where none may be: names of keys, sheets and files, and texts (FILE-E701). The value is never shown.

The detectors ask for a label or an unmistakable form. A certificate is full of dates and numbers, and a detector that
cries at each of them would be switched off by the first partner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_BIRTH = r"(?:DOB|D\.O\.B\.?|date[ _-]?of[ _-]?birth|birth[ _-]?date|born|geb(?:oren|\.)?)"
_RECORD = r"(?:MRN|medical[ _-]?record(?:[ _-]?(?:no|number|nr))?|patient[ _-]?(?:id|no|nr|number))"
_IDENTITY = r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{6}-[1-4][0-9]{6}|[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}"
_ALONE = r"(?<![A-Za-z])"
# No form may begin in the middle of a run that it can't end in: that keeps a search linear, whatever the text.
_TEXT: dict[str, str] = {
    "date_of_birth": rf"{_ALONE}{_BIRTH}[ _:=-]{{0,4}}(?:on |am )?[0-9]{{1,4}}[-./_ ][0-9]{{1,2}}[-./_ ][0-9]{{1,4}}",
    "medical_record_number": rf"{_ALONE}{_RECORD}[ _:.#=-]{{0,4}}[A-Z]{{0,3}}[0-9]{{5,12}}",
    "person_name": rf"{_ALONE}(?:(?:[Pp]atient|[Ss]ubject|[Dd]onor)(?:[ _-]?[Nn]ame)?[ ]?[:=][ ]?[A-Z][a-z]+|"
    r"(?:Mr|Mrs|Ms|Herr|Frau)\.? [A-Z][a-z]+)",
    "email": r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}",
    "phone": r"(?<![0-9A-Za-z.])\+[0-9]{1,3}[ ()./-]{0,2}[0-9](?:[ ()./-]{0,2}[0-9]){6,11}(?![0-9A-Za-z])",
    "national_id": rf"(?<![0-9])(?:{_IDENTITY})(?![0-9])",
}
# A text without any of these can't match, and asking for them costs a tenth of the search.
_NEEDLES: dict[str, tuple[str, ...]] = {
    "date_of_birth": ("dob", "d.o.b", "birth", "born", "geb"),
    "medical_record_number": ("mrn", "medical", "patient"),
    "person_name": ("patient", "subject", "donor", "mr", "ms", "herr", "frau"),
    "email": ("@",),
    "phone": ("+",),
    "national_id": ("-",),
}
_KEYS: dict[str, str] = {
    "date_of_birth": r"(?:^|_)(?:dob|birth_?date|date_?of_?birth|geburtsdatum)(?:$|_)",
    "medical_record_number": r"(?:^|_)(?:mrn|medical_?record(?:_?(?:no|number))?|patient_?(?:id|no|number))(?:$|_)",
    "person_name": r"(?:^|_)(?:(?:patient|donor|subject|first|last|family|given|sur)_?names?)(?:$|_)",
    "email": r"(?:^|_)e_?mail(?:$|_)",
    "phone": r"(?:^|_)(?:phone|telephone|mobile)(?:_?(?:no|number))?(?:$|_)",
    "national_id": r"(?:^|_)(?:ssn|national_?id|social_?security(?:_?(?:no|number))?)(?:$|_)",
}
_SAID = {
    "date_of_birth": "a date of birth",
    "medical_record_number": "a medical record number",
    "person_name": "a person's name",
    "email": "an e-mail address",
    "phone": "a phone number",
    "national_id": "a national identity number",
}


class PersonalData:
    """The detectors that one contract switched on."""

    def __init__(self, detectors: Iterable[str]) -> None:
        self._detectors = tuple(d for d in detectors if d in _TEXT)
        self._texts = [
            (d, _NEEDLES[d], re.compile(_TEXT[d], re.IGNORECASE if d != "person_name" else 0)) for d in self._detectors
        ]
        self._keys = [(d, re.compile(_KEYS[d], re.IGNORECASE)) for d in self._detectors]

    def in_text(self, text: str) -> str | None:
        """What kind of personal data `text` holds, in words; None: none that we know."""
        lower = text.lower()
        for name, needles, form in self._texts:
            for needle in needles:
                if needle in lower:
                    if form.search(text):
                        return _SAID[name]
                    break
        return None

    def in_key(self, key: str) -> str | None:
        """What kind of personal data a key, column or sheet of this name asks for."""
        flat = re.sub(r"[ .-]+|(?<=[a-z])(?=[A-Z])", "_", key)
        return next((_SAID[name] for name, form in self._keys if form.search(flat)), None) or self.in_text(key)

    def mask(self, text: str) -> str:
        """`text` with every hit replaced by as many stars."""
        for _, _, form in self._texts:
            text = form.sub(lambda hit: "*" * len(hit[0]), text)
        return text
