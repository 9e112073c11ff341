import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import InputError
from warmstart.serve.security.callers import SCOPES, Caller, check_rate, check_scopes
from warmstart.serve.security.errors import Forbidden


@given(st.frozensets(st.sampled_from(sorted(SCOPES))), st.sampled_from(sorted(SCOPES)))
def test_a_scope_allows_itself_and_admin_allows_all(scopes, scope):
    allowed = Caller("k", "shop", scopes).allows(scope)
    assert allowed == bool(scopes & {scope, "admin"})


def test_who_lacks_a_scope_is_told_which():
    Caller("k", "shop", frozenset({"read"})).require("read")
    with pytest.raises(Forbidden, match="scope 'write'; found one with: read"):
        Caller("k", "shop", frozenset({"read"})).require("write")


@pytest.mark.parametrize("names", [[], ["Read"], ["read", "root"], "read"])
def test_scopes_that_there_are_not_cannot_be_given(names):
    with pytest.raises(InputError, match="read, write, admin"):
        check_scopes(names)


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_nobody_could_keep_to_is_refused(rate):
    with pytest.raises(InputError, match="requests a second"):
        check_rate(rate)
