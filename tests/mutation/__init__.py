"""Mutation testing of the modules that carry the paper: would the tests notice a broken line?

    pip install -e .[mutation]
    python -m tests.mutation --sample 400 --seed 1 --out report.json   # the whole report
    python -m tests.mutation --module bridge --module flow             # some modules
    python -m tests.mutation --named                                   # the mutants of `named`

`sites` finds what can be changed, with cosmic-ray's operators and a few of its own; `reached` knows
which tests run which lines; `forks` runs them against a changed module; `report` writes it down.
"""
