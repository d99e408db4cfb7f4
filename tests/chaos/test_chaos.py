"""The storm of the suite: ten runs, six kills, one restart of the database; workers keep nothing warm."""

import pytest

from tests.chaos.place import place
from tests.chaos.storm import Storm
from tests.runs.crew import LEAN


@pytest.mark.kernel
def test_nothing_is_lost_and_nothing_happens_twice():  # F1 F2 F3 F6 F7
    with place(DAYBOOK_ATTEMPTS="50", **LEAN) as here:
        storm = Storm(here, runs=10, kills=6)
        storm.rage()
        assert storm.findings() == []
        assert (storm.done.total() >= 6, storm.restarts) == (True, 1)
        assert storm.done["worker"] + storm.done["kernel"]  # whose runs were taken over, if they had any just then
