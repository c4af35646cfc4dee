"""Long runs beside `make test`, by the same code.

Each module holds trials: functions that take a seed, do something harsh, and assert what must
hold all the same. The tests call them with a few fixed seeds; `make soak` goes on with new ones
until its time is over (`python -m tests.soak --help`).
"""
