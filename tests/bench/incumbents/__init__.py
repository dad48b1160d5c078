"""What other tools take for (a part of) the series rules. Each script runs alone, under the interpreter that
`make incumbents` installed them for, and prints one line of JSON. They share no code with the product."""

__all__: list[str] = []
