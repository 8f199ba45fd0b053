"""How long threads of this process have run and waited for a processor: a busy machine is nobody's fault."""

from pathlib import Path


def ran_and_waited(thread: int | None, process: int | str = "self") -> tuple[float, float]:
    """Of one thread, by its native id (seconds); nothing where the system does not say."""
    try:
        ran, waited, _ = Path(f"/proc/{process}/task/{thread}/schedstat").read_text().split()
    except OSError:
        return 0.0, 0.0
    return int(ran) / 1e9, int(waited) / 1e9


def waited_by_all(process: int | str = "self") -> float:
    """For how long threads of a process, by default this one, have been ready and not running, together (seconds)."""
    return sum(ran_and_waited(int(each.name), process)[1] for each in Path(f"/proc/{process}/task").iterdir())
