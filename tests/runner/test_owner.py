import os
import subprocess
import sys

from orchestrate.runner.owner import dead_owners, this_owner


def test_a_living_process_is_not_dead_and_an_ended_one_is() -> None:
    code = "from orchestrate.runner.owner import this_owner; print(this_owner())"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert dead_owners([this_owner(), ended]) == {ended}


def test_a_later_process_of_the_same_id_is_somebody_else() -> None:
    kind, host, pid, start = this_owner().split(":")
    assert pid == str(os.getpid())
    earlier = f"{kind}:{host}:{pid}:{int(start) - 1000}"
    assert dead_owners([earlier]) == {earlier}


def test_of_another_host_and_of_people_nothing_is_said() -> None:
    assert dead_owners(["worker:elsewhere:1:1", "person:Ada <a@example.org>", ""]) == frozenset()
