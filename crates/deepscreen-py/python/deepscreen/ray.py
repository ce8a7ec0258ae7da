"""A Ray Data set of pictures in, a data set of screenings out, on all machines of a cluster.

    import ray, deepscreen.ray
    pictures = ray.data.read_binary_files("s3://bucket/pictures", include_paths=True)
    deepscreen.ray.screen(pictures, column="bytes").write_parquet("s3://bucket/screenings")

Needs `ray[data]` and this package on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]

from . import arrow
from ._screener import Screener

if TYPE_CHECKING:
    import ray.data

SCHEMA = arrow.SCHEMA


def screen(
    dataset: ray.data.Dataset,
    *,
    column: str = "path",
    concurrency: int | tuple[int, int] | None = None,
    num_cpus: int = 1,
    batch_size: int = 64,
    **settings: Any,
) -> ray.data.Dataset:
    """Screens the pictures in a column: a row of `deepscreen.arrow.SCHEMA` for each.

    A column of strings names files that every machine can open; a column of binary holds their bytes, and the column
    `path`, where there is one, then names them in the result.

    `concurrency` is the number of workers, or the least and the most; by default one for each `num_cpus` processors of the
    cluster, as long as there is work. Each loads its models once, and screens with as many threads as it has
    processors, so that nothing competes. `settings` are those of `Screener` without `threads`; paths in them must
    exist on every machine.

    A worker that dies is started again, and the rows that it had are screened again: each comes out once.
    """
    if "threads" in settings:
        raise TypeError("threads follow from num_cpus")
    if num_cpus < 1:
        raise ValueError(f"num_cpus is {num_cpus}: a worker needs a whole processor")
    # What is wrong with the settings is said here, not by a worker that is started again and again.
    Screener(**{**settings, "threads": 1})
    # Ray restarts such workers and repeats their calls without being asked; a call gives its rows only once it is done.
    return dataset.map_batches(
        Worker,
        fn_constructor_kwargs={"column": column, "settings": {**settings, "threads": num_cpus}},
        batch_size=batch_size,
        batch_format="pyarrow",
        zero_copy_batch=True,
        compute=_pool(concurrency or (1, _workers(num_cpus))),
        num_cpus=num_cpus,
    )


class Worker:
    """What runs on each worker; Ray makes and calls it."""

    def __init__(self, column: str, settings: dict[str, Any]) -> None:
        self._column = column
        self._screener = Screener(**settings)

    def __call__(self, batch: pa.Table) -> pa.Table:
        screened = list(arrow.screen_with(self._screener, [batch], self._column))
        return pa.Table.from_batches(screened, schema=SCHEMA)


def _pool(concurrency: int | tuple[int, int]) -> ray.data.ActorPoolStrategy:
    from ray.data import ActorPoolStrategy

    if isinstance(concurrency, int):
        return ActorPoolStrategy(size=concurrency)
    least, most = concurrency
    return ActorPoolStrategy(min_size=least, max_size=most)


def _workers(num_cpus: int) -> int:
    import ray

    if not ray.is_initialized():
        ray.init()
    resources = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return max(1, int(resources.get("CPU", 1)) // num_cpus)
