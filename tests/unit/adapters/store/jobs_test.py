from datetime import timedelta, timezone

import pytest

from oduflow.adapters.store import JobRows
from oduflow.kernel.ports import JobStore
from tests.support.store_rows import MOMENT, job


def test_times_are_kept_to_the_microsecond_and_in_utc(jobs):
    moment = MOMENT.replace(microsecond=1)
    jobs.add(job(created_at=moment.astimezone(timezone(timedelta(hours=9)))))

    kept = jobs.get("1", job().id).created_at

    assert kept == moment
    assert kept.utcoffset() == timedelta(0)


def test_the_job_store_implements_the_kernels_port(jobs):
    port: JobStore = jobs

    assert port.unfinished() == ()


@pytest.fixture
def jobs(store):
    return JobRows(store)
