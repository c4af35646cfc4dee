"""Long runs beside `make test`: each module holds trials, `trial(seed, …)` asserts what must hold.

The tests call the same trials with a few seeds; `make soak` goes on with new ones until its time is
over.
"""
