"""The kinds of check. Every module in this folder is one, and needs no entry anywhere else.

The rule: a module `tiermix/checks/NAME.py` whose name does not begin with an underscore is the kind NAME, and defines

    def check(desk: Desk) -> Iterable[CheckResult]

which answers for the moment `desk.as_of` under `desk.config`, already narrowed to the SLOs that were asked for. It
returns a result for every subject it knows, ok or not, in an order that is the same every night; nothing when it has no
subject, such as a kind for switches where none is declared; and a result in state `no_data` where there is nothing to
tell from. The gate (`tiermix/gate.py`) finds the module and fills in `kind`; everything else (terminal, JSON, JUnit,
annotations, exit code, incidents and their messages) follows from the results.
"""
