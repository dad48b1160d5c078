"""Reading: what every format is given, and how it says that a file cannot be read at all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contracts.contract import Contract, Schema, SourceForm
from contracts.document import Document, FormProblem
from contracts.place import Place


@dataclass(frozen=True, slots=True)
class Reading:
    """One file about to be read: its name as a person knows it, the contract, and the accepted form it takes."""

    file: str
    contract: Contract
    form: SourceForm

    @property
    def schema(self) -> Schema:
        return self.contract.schema

    def place(self, line: int | None = None, column: int | None = None) -> Place:
        return Place(file=self.file, line=line, column=column)


class Unreadable(Exception):
    """The file cannot be read further. Never leaves this package: it ends as the `problems` of a Document or batch."""

    def __init__(self, *problems: FormProblem) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.code} {p.message}" for p in problems))


@contextmanager
def parsing(file: str, what: str) -> Iterator[None]:
    """Around every call of a third-party parser: whatever it throws is the file's fault, FILE-E405.

    polars raises PanicException from BaseException, so `except Exception` is not enough.
    """
    with _told(file, what, _malformed):
        yield


@contextmanager
def reading_safely(file: str, what: str) -> Iterator[None]:
    """Around a whole reader: what it doesn't know itself is its own bug, CON-E201, and nothing the sender can mend."""
    with _told(file, what, _reader_failed):
        yield


def leaving(*more: type[BaseException]) -> tuple[type[BaseException], ...]:
    """What ends a task and is no fault of a file: it must get through.

    A cancelled task exists only where asyncio does, and whoever checks a file by hand need not wait for its import.
    """
    loop = sys.modules.get("asyncio")
    return (*more, KeyboardInterrupt, SystemExit, GeneratorExit, *((loop.CancelledError,) if loop is not None else ()))


@contextmanager
def _told(file: str, what: str, problem: Callable[[str, str, BaseException], FormProblem]) -> Iterator[None]:
    try:
        yield
    except leaving(Unreadable):
        raise
    except (MemoryError, RecursionError) as fault:
        message = f"the {what} is too large or too deep to read"
        raise Unreadable(FormProblem("FILE-E603", message, Place(file=file))) from fault
    except OSError as fault:
        if fault.errno is not None:  # the machine's; parsers raise OSError without a number for broken content
            raise
        raise Unreadable(problem(file, what, fault)) from fault
    except BaseException as fault:
        raise Unreadable(problem(file, what, fault)) from fault


def _malformed(file: str, what: str, fault: BaseException) -> FormProblem:
    """The parser's own words are for engineers and may quote the file; the finding says only which kind of fault."""
    return FormProblem(
        "FILE-E405",
        f"the {what} is not well formed",
        Place(file=file),
        expected=f"content that opens without repair as {what}",
        fix=f"export the file again; the reader stopped with {type(fault).__name__}",
    )


def _reader_failed(file: str, what: str, fault: BaseException) -> FormProblem:
    stopped = f"the reader of the {what} stopped with {type(fault).__name__} at {line_of(fault)}"
    return FormProblem("CON-E201", f"{stopped}; nothing is wanted from the sender", Place(file=file))


def line_of(fault: BaseException) -> str:
    """`function:line` of the innermost frame: for engineers, and without a word of the file in it."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else "unknown"


def unread_document(file: str, format: str, problems: Iterable[FormProblem], size: int = 0) -> Document:
    """A Document that says why there is none."""
    return Document(
        file, format, None, lambda pointer: Place(file=file, pointer=pointer), problems=tuple(problems), size=size
    )
