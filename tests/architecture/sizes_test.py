from statistics import median, quantiles

import pytest

from tests.support.tree import PRODUCT, ROOT, code_files, lines_of, name_of

MEDIAN, NINE_IN_TEN, CAP = 90, 250, 400
LIMITS = [
    ("oduflow/**/*.py", CAP),
    ("*.py", CAP),
    ("bench/**/*.py", CAP),
    ("tests/**/*.py", 500),
    ("oduflow/templates/**/*.*", 120),
    ("oduflow/static/**/*.css", 300),
    ("oduflow/static/**/*.js", 200),
]
VENDORED = PRODUCT / "static" / "vendor"


@pytest.mark.parametrize(("pattern", "limit"), LIMITS)
def test_no_file_is_longer_than_its_kind_may_be(pattern, limit):
    found = [path for path in ROOT.glob(pattern) if VENDORED not in path.parents]

    assert found, "the pattern finds nothing: the rule would never fail"
    assert {name_of(path): lines_of(path) for path in found if lines_of(path) > limit} == {}


def test_most_modules_are_small():
    sizes = [lines_of(path) for path in code_files()]

    assert median(sizes) <= MEDIAN
    assert quantiles(sizes, n=10)[-1] <= NINE_IN_TEN
