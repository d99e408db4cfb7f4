"""Whatever can be sent to any address: no mistake of ours, nothing that the description does not say, and no leak.

`DAYBOOK_API_EXAMPLES=500 pytest tests/api/test_description.py` looks at more of it.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from reports_lib.database.schema import State
from reports_lib.portal.api.app import CALLS
from reports_lib.portal.users.guesses import Guesses
from tests.api.conftest import NORTH, SOUTH, program, web

pytestmark = pytest.mark.kernel  # of what takes more than a few seconds

EXAMPLES = int(os.environ.get("DAYBOOK_API_EXAMPLES", "6"))
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
    unsupported_method,
)
MARKS = ("southern", "Southern", "/tmp/", "site-packages", "Traceback", "postgresql://", "argon2", "daybook_")

KNOWN = {
    "family": "customer_dynamics",
    "parameter": "client_tags",
    "table": "customer_dynamics",
    "query": "last-12-months",
}
HOW = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)


@pytest.fixture(scope="module")
def asker(installation, reports):
    """An administrator's program, of the northern company; the south has all that there is too."""
    south = program(installation, "admin", SOUTH, "southern-admin")
    choice = {"table": "southern", "kind": "pie", "x": "southern", "y": ["southern"]}
    south.post("/charts/arrivals", json={"name": "southern chart", "choice": choice, "visibility": "company"})
    south.post("/queries", json={"family": "arrivals", "name": "southern query", "visibility": "company"})
    yield program(installation, "admin", NORTH)
    south.delete("/queries/arrivals/southern-query")


@pytest.fixture(scope="module")
def described(installation):
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", web(installation))


@pytest.fixture
def world(rows, done):
    """`world(is_deleted)`: runs of both companies as they were at first; the number of the north's."""

    def made(is_deleted):
        rows.clear()
        done(SOUTH)
        rows.add(State.ERROR, company=SOUTH, name="southern failure", error="southern error")
        return rows.add(State.ERROR, company=NORTH) if is_deleted else done(NORTH)

    return made


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_any_request(installation, described, asker, world, call, mode):
    operation = described.find_operation_by_label(f"{call.method} {call.path}")
    cases = operation.as_strategy(generation_mode=mode)
    is_deleted = call.method == "DELETE"  # for good, and a report takes long to seal
    own, numbers = [world(is_deleted)], iter(range(10**6))

    @HOW
    @given(case=cases)
    def asked(case):
        state = web(installation).state
        state.strays, state.guesses = Guesses(), Guesses()  # or the answer is soon to wait
        if call.method != "GET":
            own[0] = world(is_deleted)
        if mode is GenerationMode.POSITIVE and next(numbers) % 4:  # else it is a name of nothing
            found = KNOWN | {"run": own[0]}
            case.path_parameters |= {name: found[name] for name in case.path_parameters if name in found}
        answer = case.call(headers={"Authorization": f"Bearer {asker.token}"})
        case.validate_response(answer, checks=CHECKS)
        assert not [mark for mark in MARKS if mark.encode() in answer.content]

    asked()
