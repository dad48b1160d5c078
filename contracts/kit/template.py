"""template: a workbook to fill in, made from the contract.

Headers are locked, cells for codes have drop-downs, identifiers and results are text cells, every header tells what
belongs there. A hidden sheet names the contract and its version; whoever reads the workbook compares it
(`connectors.formats.stamp`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.contract import Contract, SourceForm
from contracts.kit.columns import Column, all_columns
from contracts.kit.fieldnote import FieldNote, note
from contracts.kit.good import AT, good
from contracts.kit.sheet import header_cells, label, lettered, sheet_name, timeless, written

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_STAMP = "_contract"
_ROWS = 500
"""Rows below the header that are prepared for entries."""

_SHOWN = 40
"""Of these the first are drawn with a frame, so that a person sees where to type."""

_PETROL, _TINT, _RULE = "0B5567", "DCE8EC", "CFD7DD"
_LONGEST_PROMPT, _LONGEST_TITLE = 250, 32
_TEXT, _ISO_DATE = "@", "yyyy-mm-dd"


def template_form(contract: Contract) -> tuple[SourceForm, bool]:
    """The shape of the template, and whether the contract accepts a workbook of that shape.

    Without an agreed workbook it is one table under the field names: what a CSV file of the contract would hold.
    """
    agreed = next((form for form in contract.schema.sources if form.format == "xlsx"), None)
    if agreed is not None:
        return agreed, True
    table = next((form for form in contract.schema.sources if form.format == "csv"), None)
    return SourceForm("xlsx", sheet=sheet_name(contract.schema), rows=table.rows if table is not None else None), False


def template(contract: Contract) -> bytes:
    """The workbook. The same contract gives the same bytes."""
    from openpyxl import Workbook

    form, _ = template_form(contract)
    book = Workbook()
    sheet: Worksheet = book.active
    sheet.title = form.sheet or sheet_name(contract.schema)
    maker = _Maker(contract, form, sheet, book.create_sheet(_STAMP))
    maker.head()
    maker.table()
    maker.finish()
    return timeless(book)


class _Maker:
    def __init__(self, contract: Contract, form: SourceForm, sheet: Worksheet, stamp: Worksheet) -> None:
        self.contract, self.form, self.sheet, self.stamp = contract, form, sheet, stamp
        self.draft = good(contract)
        self.cells = header_cells(self.draft, form)
        self.lists: dict[tuple[str, ...], str] = {}
        stamped = (("id", contract.id), ("version", contract.version), ("sha256", contract.sha256))
        for row, (name, value) in enumerate(stamped, start=1):
            written(stamp, row, 1, name)
            written(stamp, row, 2, value)
        stamp.sheet_state = "hidden"

    def head(self) -> None:
        """Fields of the whole document, each in its agreed cell with a label to the left."""
        from openpyxl.styles import Font

        for at, column in self.cells.items():
            told = note(self.draft, column.field, AT)
            label(self.sheet, at, column, set(self.cells), Font(bold=True))
            cell = self.sheet[at]
            self._entry(at, told)
            self._offer(at, told, column)
            left = self.sheet.cell(row=cell.row, column=cell.column - 1) if cell.column > 1 else cell
            where = left if left.coordinate not in self.cells and left.value else cell
            self._comment(where.coordinate, told, column)

    def table(self) -> None:
        """The header row and empty rows below."""
        from openpyxl.styles import Alignment, Font, PatternFill
        from openpyxl.utils import get_column_letter

        elsewhere = {c.path for c in self.cells.values()}
        first = self.form.header_row + 1
        for number, column in lettered(all_columns(self.contract.schema, self.form), elsewhere):
            told = note(self.draft, column.field, AT)
            letter = get_column_letter(number)
            head = written(self.sheet, self.form.header_row, number, column.header)
            required = told.required
            head.font = Font(bold=True, color="FFFFFF" if required else _PETROL)
            head.fill = PatternFill("solid", fgColor=_PETROL if required else _TINT)
            head.alignment = Alignment(vertical="center", wrap_text=True)
            self._comment(head.coordinate, told, column)
            for row in range(first, first + _SHOWN):
                self._entry(f"{letter}{row}", told)
            self._open_column(letter, told)
            self._offer(f"{letter}{first}:{letter}{first + _ROWS - 1}", told, column)
            wide = max(len(column.header), len(told.example or ""), *(len(v) for v in _listed(told)), 8)
            self.sheet.column_dimensions[letter].width = min(wide + 3, 34)
        self.sheet.row_dimensions[self.form.header_row].height = 30
        self.sheet.freeze_panes = self.sheet.cell(row=first, column=1)

    def finish(self) -> None:
        """Lock what is not to be filled in; no password, because it guards against slips and nothing else."""
        guard = self.sheet.protection
        guard.sheet = True
        guard.formatColumns = guard.formatRows = guard.insertRows = guard.deleteRows = guard.sort = False
        self.sheet.page_setup.orientation = "landscape"
        self.sheet.page_setup.fitToWidth, self.sheet.page_setup.fitToHeight = 1, 0
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True
        self.sheet.print_title_rows = f"{self.form.header_row}:{self.form.header_row}"

    def _entry(self, at: str, told: FieldNote) -> None:
        """A cell to type into: unlocked, framed, of the right kind."""
        from openpyxl.styles import Border, Protection, Side

        cell = self.sheet[at]
        line = Side(style="thin", color=_RULE)
        cell.border = Border(left=line, right=line, top=line, bottom=line)
        cell.protection = Protection(locked=False)
        cell.number_format = _format(told)

    def _open_column(self, letter: str, told: FieldNote) -> None:
        from openpyxl.styles import Protection

        column = self.sheet.column_dimensions[letter]
        column.protection = Protection(locked=False)
        column.number_format = _format(told)

    def _offer(self, area: str, told: FieldNote, column: Column) -> None:
        """A drop-down where the contract lists values, a bound on whole numbers, and a hint when the cell is chosen."""
        from openpyxl.worksheet.datavalidation import DataValidation

        field = told.field
        if told.choice is not None:
            rule = DataValidation(type="list", formula1=self._list(told.choice.values), allow_blank=True)
            rule.errorStyle = "stop" if told.choice.closed else "warning"
            rule.error = _cut(f"agreed {told.choice.what}: {', '.join(told.choice.values)}", _LONGEST_PROMPT - 25)
        elif field.type == "integer":
            low = field.options.get("minimum", -999_999_999)
            rule = DataValidation(type="whole", operator="greaterThanOrEqual", formula1=str(low), allow_blank=True)
            rule.error = told.form
        else:
            rule = DataValidation(allow_blank=True)
        rule.showErrorMessage = rule.type is not None
        rule.showInputMessage = True
        rule.promptTitle = rule.errorTitle = _cut(column.header, _LONGEST_TITLE)
        rule.prompt = _cut(f"{told.meaning or column.header}. Example: {told.example}", _LONGEST_PROMPT)
        rule.add(area)
        self.sheet.add_data_validation(rule)

    def _list(self, values: tuple[str, ...]) -> str:
        """A range of the hidden sheet: a list written into the rule itself may hold no comma and 255 characters."""
        if values not in self.lists:
            from openpyxl.utils import get_column_letter

            number = len(self.lists) + 4
            for row, value in enumerate(values, start=1):
                written(self.stamp, row, number, value)
            letter = get_column_letter(number)
            self.lists[values] = f"{_STAMP}!${letter}$1:${letter}${len(values)}"
        return self.lists[values]

    def _comment(self, at: str, told: FieldNote, column: Column) -> None:
        from openpyxl.comments import Comment

        contract = self.contract
        lines = [
            told.meaning or column.header,
            f"{'required' if told.required else 'optional'}: {told.form}",
            f"unit: {told.unit}" if told.unit else None,
            f"agreed {told.choice.what}: {', '.join(told.choice.values)}" if told.choice is not None else None,
            f"example: {told.example}",
            f"clause: {contract.id} {contract.version}, line {told.field.mark.line}"
            + (f", {', '.join(told.clauses)}" if told.clauses else ""),
        ]
        text = "\n".join(line for line in lines if line)
        comment = Comment(text, "Just-in-Data Hub")
        comment.width, comment.height = 340, 40 + 16 * sum(1 + len(line) // 48 for line in lines if line)
        self.sheet[at].comment = comment


def _listed(told: FieldNote) -> tuple[str, ...]:
    return told.choice.values if told.choice is not None else ()


def _format(told: FieldNote) -> str:
    """Dates as dates that show as ISO; counts as counts; all else is text, so that nothing is changed on entry."""
    match told.field.type:
        case "date" if not told.field.custom.get("storedAsText"):
            return _ISO_DATE
        case "integer":
            return "0"
        case "number":
            return "General"
        case _:
            return _TEXT


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
