"""parameters/billing.yaml: what is read of it, and what is refused in one line."""

from dataclasses import replace
from decimal import Decimal

import pytest

from reports_lib.errors import SettingError
from reports_lib.invoicing.settings import Settings, read_billing
from reports_lib.workspace import Workspace
from tests.golden import WORKSPACE


@pytest.fixture
def read(tmp_path):
    """`read(text)`: the settings of a file of that text, none if it is None."""
    workspace = Workspace(tmp_path, tmp_path / "outputs")
    (tmp_path / "parameters").mkdir()

    def settings(text):
        if text is not None:
            (tmp_path / "parameters/billing.yaml").write_text(text)
        return read_billing(workspace)

    return settings


def test_without_a_file_the_usual_holds(read):
    assert read(None).of("7") == replace(Settings(), prefix="INV7-")


def test_a_company_has_its_own_over_those_of_all(read):
    found = read(
        "default: {tax_rate: '7.7', due_days: '30', generate_empty: 'yes'}\n"
        "companies:\n  '2': {prefix: B-, tax_rate: '0', tax_category: AE, record: draft, time_zone: europe/berlin}\n"
    )
    assert found.of("1") == Settings("INV1-", Decimal("7.7"), due_days=30, generate_empty=True)
    assert found.of("2").tax_category == "AE"
    assert (found.of("2").due_days, found.of("2").record, found.of("2").time_zone) == (30, "draft", "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("defaults: {}", "'defaults' is neither default nor companies"),
        ("default: {due_day: '3'}", "default: no setting named 'due_day'; did you mean 'due_days'?"),
        ("default: {tax_rate: 20%}", "default: tax_rate '20%' is not a percentage such as 20 or 5.5"),
        ("default: {tax_rate: '101'}", "is not a percentage"),
        ("default: {language: fr}", "default: language 'fr' is not one of en, ru, es, de"),
        ("default: {due_days: '-1'}", "due_days '-1' is not a number of days from 0 to 999"),
        ("default: {client_types: client}", "client_types must be a list such as [client, reseller]"),
        ("default: {time_zone: Kyiv}", "'Kyiv' is not a time zone such as Europe/Kyiv"),
        ("default: {prefix: A-}", "default: a prefix is of one company"),
        ("companies: {'1': {prefix: 'A/B'}}", "company 1: prefix 'A/B' cannot begin a number"),
        ("companies: {'1': {prefix: A-}, '2': {prefix: A-}}", "companies 1 and 2 have one prefix 'A-'"),
        ("companies: {'1': {prefix: A-}, '2': {prefix: a-}}", "companies 1 and 2 have one prefix 'a-'"),
        ("companies: {'1': {prefix: inv3-}}", "company 1: prefix 'inv3-' is that of company 3"),
        ("companies: {'1': {prefix: INV2-}, '2': {}}", "companies 1 and 2 have one prefix 'INV2-'"),
        ("companies: {'1': {prefix: INV7-}}", "company 1: prefix 'INV7-' is that of company 7"),
        ("[1]", "billing.yaml must be names with values"),
        ("a: [", "billing.yaml is not YAML"),
    ],
)
def test_what_cannot_be_read_is_one_line(read, text, told):
    with pytest.raises(SettingError) as error:
        read(text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_the_file_that_comes_with_it_can_be_read():
    found = read_billing(WORKSPACE)
    assert {found.of(str(company)).prefix for company in range(1, 6)} == {"MG-", "AV-", "DC-", "AM-", "KK-"}
