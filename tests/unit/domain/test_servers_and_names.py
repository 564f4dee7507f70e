"""Addresses and names: what is accepted, what is refused, and with which suggestion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnix_tui.domain import names
from mnix_tui.domain.servers import Endpoint, parse_endpoint
from mnix_tui.errors import NameInvalid, UsageError


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tokyo", Endpoint("tokyo")),
        ("me@tokyo", Endpoint("tokyo", "me")),
        ("ssh://me@tokyo:2222/", Endpoint("tokyo", "me", 2222)),
        ("me@10.0.0.1:22", Endpoint("10.0.0.1", "me", 22)),
        ("[fe80::1%eth0]:2222", Endpoint("fe80::1%eth0", "", 2222)),
        ("::1", Endpoint("::1")),
        ("me@corp@host", Endpoint("host", "me@corp")),
    ],
)
def test_pypi_hole_10_addresses_with_ports_work(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "ssh://-oProxyCommand=touch /tmp/x",
        "-oProxyCommand=x",
        "-l@host",
        "me@-host",
        "host:0",
        "host:65536",
        "host:٣",
        "host:",
        "",
        "@host",
        "a b",
        "host\n",
        "host;id",
        "$(id)",
        "[::1",
        "[::1]x",
    ],
)
def test_pypi_hole_10_an_option_is_no_address(text: str) -> None:
    if text == "host\n":  # surrounding space is dropped, as in every form
        assert parse_endpoint(text) == Endpoint("host")
        return
    with pytest.raises(UsageError):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("My App", "my-app"),
        ("my_app", "my_app"),
        ("Déjà vu", "deja-vu"),
        ("日本", ""),
        ("-x-", "x"),
    ],
)
def test_pypi_hole_4_names_are_never_slugged_together(text: str, suggestion: str) -> None:
    if names.is_valid(text):
        assert names.check(text) == suggestion
        return
    with pytest.raises(NameInvalid) as caught:
        names.check(text)
    assert caught.value.suggestion == suggestion
    assert caught.value.hint == (f"use {suggestion}?" if suggestion else "")


def test_local_is_no_name_for_a_server() -> None:
    assert names.check("local") == "local"
    with pytest.raises(NameInvalid):
        names.check("local", "server")


@given(st.text(max_size=80))
def test_a_suggestion_is_a_valid_name(text: str) -> None:
    suggestion = names.suggest(text)
    assert suggestion == "" or names.is_valid(suggestion)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except UsageError:
        return
    assert not endpoint.host.startswith("-")
    assert not endpoint.user.startswith("-")
    assert parse_endpoint(str(endpoint)) == endpoint
