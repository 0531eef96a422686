"""Raw customers into columns, on all cores where there are many.

Reading a million names and addresses is most of a full pass's work, and each is read by itself: blocks of raw
customers go out to processes that know no database, and come back as columns.
"""

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice

from reconciliation.matching.columns import Columns, columns, joined
from reconciliation.matching.profile import Raw, profile

Block = list[tuple[int, Raw]]
WORTH_PROCESSES = 3
"""So many blocks are read faster here than processes are started."""


def read(block: Block) -> Columns:
    """One block's customers side by side."""
    return columns((customer_id, profile(raw)) for customer_id, raw in block)


def _read_and_hashed(block: Block) -> Columns:
    """The same with the words' hashes, which are this process's work too."""
    found = read(block)
    _ = found.hashes
    return found


def may_have_children() -> bool:
    """Whether this process may start others: a worker of the task queue may not."""
    return not multiprocessing.current_process().daemon


def read_all(blocks: Iterable[Block]) -> Columns:
    """All blocks' customers side by side, in their order."""
    blocks = iter(blocks)
    first = list(islice(blocks, WORTH_PROCESSES))
    if len(first) < WORTH_PROCESSES or not may_have_children():
        return joined([read(block) for block in chain(first, blocks)] or [read([])])
    return joined(list(_in_processes(first, blocks)))


def _in_processes(first: list[Block], blocks: Iterator[Block]) -> Iterator[Columns]:
    """Few blocks are under way at once, so that memory does not grow with a slow reader.

    Reading leaves no cycles behind, so the processes do without looking for them.
    """
    workers = os.cpu_count() or 2
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=gc.disable
    ) as pool:
        under_way: deque[Future[Columns]] = deque(pool.submit(_read_and_hashed, block) for block in first)
        for block in blocks:
            under_way.append(pool.submit(_read_and_hashed, block))
            if len(under_way) > 2 * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
