"""The error tree: codes of their own, did-you-mean, and the way back by name."""

import pytest

from reports_lib.errors import DaybookError, RateError, UnknownNameError, named, tree


def test_every_error_has_an_exit_code_of_its_own():
    codes = [cls.exit_code for cls in tree().values()]
    assert len(codes) == len(set(codes))
    assert all(0 < code < 64 for code in codes)


@pytest.mark.parametrize(
    ("name", "known", "message"),
    [
        ("curency", ["currency", "company"], "no parameter named 'curency'; did you mean 'currency'?"),
        ("zzz", ["a", "b"], "no parameter named 'zzz'; there is a, b"),
        ("zzz", [], "no parameter named 'zzz'"),
    ],
)
def test_an_unknown_name_is_told_what_there_is(name, known, message):
    assert str(UnknownNameError.of("parameter", name, known)) == message


def test_an_error_of_the_kernel_is_found_again_by_its_name():
    error = named("RateError", "no rate of UAH in USD on 2024-01-05")
    assert type(error) is RateError
    assert str(error) == "no rate of UAH in USD on 2024-01-05"
    assert named("ZeroDivisionError", "division by zero") is None
    assert type(named("DaybookError", "x")) is DaybookError
