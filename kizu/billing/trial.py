"""Whether a run's edits come through at all: what fails all of them alike is not asked on and on.

As long as nothing has come through since the last failure, only so many edits are under way at a
time as failures in a row may be seen. So an account without credit is found out by that many calls
and not by as many as there are workers.

Equal failures of edits that share neither photo nor prompt are the account's. Where all of them
share one, it may be at fault alone: then its other edits wait and the rest goes on.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Condition
from typing import Final, NamedTuple

from kizu.cancellation import RUNS_REMEMBERED
from kizu.edit.editor import EditError, EditWaitsError, StopEditingError

_NAP_S: Final = 0.5


class Asked(NamedTuple):
    """What an edit shares with others: its photo and its prompt; empty where it is not known."""

    photo: str
    prompt: str


@dataclass
class _Streak:
    """Failures in a row with one cause."""

    cause: str = ""
    failures: list[Asked] = field(default_factory=list)

    def add(self, cause: str, asked: Asked) -> int:
        if cause != self.cause:
            self.cause, self.failures = cause, []
        self.failures.append(asked)
        return len(self.failures)

    def is_the_accounts(self, *, is_only_prompt: bool) -> bool:
        """Tell whether the failures share neither photo nor prompt."""
        photos, prompts = (set(shared) for shared in zip(*self.failures, strict=True))
        return len(photos) > 1 and (is_only_prompt or len(prompts) > 1 or "" in prompts)


class Trial:
    """What became of a run's edits so far, as this process saw it."""

    def __init__(self, *, is_only_prompt: bool = False) -> None:
        """Begin; nothing is known.

        Args:
            is_only_prompt: Whether all edits of the run have one prompt.
        """
        self._is_only_prompt = is_only_prompt
        self._turns = Condition()
        self._under_way = 0
        self._of_prompt: Counter[str] = Counter()
        self._is_proven = False
        self._all = _Streak()
        self._shared: dict[str, _Streak] = {}
        self._waits: dict[str, str] = {}
        self._stop: StopEditingError | None = None

    @contextmanager
    def turn(
        self,
        asked: Asked,
        most: int,
        raise_if_stopped: Callable[[], None],
        may_ask: Callable[[int], bool] = lambda _: True,
    ) -> Iterator[None]:
        """Wait until an edit may be asked for, and learn from what becomes of it in the block.

        Args:
            asked: The edit's photo and prompt.
            most: Failures in a row with one cause before no other edit is asked for.
            raise_if_stopped: Called while waiting.
            may_ask: Tells, by the number of edits of the prompt under way, whether another one may
                be; called while waiting, and may raise.

        Raises:
            EditWaitsError: Others of its photo or prompt have failed alike.
            StopEditingError: So many edits have failed alike that no other may be asked for.
        """
        self._begin(asked, most, raise_if_stopped, may_ask)
        try:
            yield
        except StopEditingError as stop:
            self._end(asked, stop)
            raise
        except EditWaitsError:
            self._end(asked)
            raise
        except EditError as error:
            self._fail(asked, most, error)
            raise
        except BaseException:
            self._end(asked)
            raise
        self._succeed(asked)

    def _begin(
        self,
        asked: Asked,
        most: int,
        raise_if_stopped: Callable[[], None],
        may_ask: Callable[[int], bool],
    ) -> None:
        with self._turns:
            while True:
                raise_if_stopped()
                if self._stop is not None:
                    raise StopEditingError(str(self._stop), whole_run=self._stop.whole_run)
                for shared in asked:
                    if sentence := self._waits.get(shared):
                        raise EditWaitsError(sentence)
                most_now = max(1, most - len(self._all.failures))
                has_turn = self._is_proven or self._under_way < most_now
                if has_turn and may_ask(self._of_prompt[asked.prompt]):
                    break
                self._turns.wait(_NAP_S)
            self._under_way += 1
            self._of_prompt[asked.prompt] += 1

    def _end(self, asked: Asked, stop: StopEditingError | None = None) -> None:
        with self._turns:
            self._of_prompt[asked.prompt] -= 1
            self._stop = self._stop or stop
            self._under_way -= 1
            self._turns.notify_all()

    def _succeed(self, asked: Asked) -> None:
        with self._turns:
            self._is_proven, self._all = True, _Streak()
            for shared in asked:
                self._shared.pop(shared, None)
            self._end(asked)

    def _fail(self, asked: Asked, most: int, error: EditError) -> None:
        """Count a failure; raise if it means more than itself."""
        with self._turns:
            self._is_proven = False
            sentence = self._count(asked, most, error) if error.cause else ""
            stop = StopEditingError(sentence) if sentence else None
            self._end(asked, stop)
        if stop:
            raise stop from error

    def _count(self, asked: Asked, most: int, error: EditError) -> str:
        """Return why no other edit may be asked for; empty if others may."""
        told = f"{most} edits in a row failed alike: {error}; mend that and build again to go on"
        for shared in filter(None, asked):
            if self._shared.setdefault(shared, _Streak()).add(error.cause, asked) >= most:
                self._waits[shared] = told
        is_enough = self._all.add(error.cause, asked) >= most
        is_all = most == 1 or self._all.is_the_accounts(is_only_prompt=self._is_only_prompt)
        return told if is_enough and is_all else ""


@lru_cache(maxsize=RUNS_REMEMBERED)
def trial_of(store_url: str, run: str, *, is_only_prompt: bool) -> Trial:
    """Return the trial that all gates of a run share in this process."""
    del store_url, run  # the cache tells runs apart by them
    return Trial(is_only_prompt=is_only_prompt)
