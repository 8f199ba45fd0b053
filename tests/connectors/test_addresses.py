"""Where a host name may lead: every address is judged before anything is connected, and looked up once only."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.addresses import AddressClass, Addresses, Resolver, SystemResolver, class_of, is_loopback
from connectors.client import HttpClient
from connectors.connections import Connections, connected
from connectors.failures import Reason, SourceFailure
from tests.connectors.loopback import Site, answer, certificate, get, port_of, serving

PUBLIC, PRIVATE, LOOPBACK, NEVER = (
    AddressClass.PUBLIC,
    AddressClass.PRIVATE,
    AddressClass.LOOPBACK,
    AddressClass.NEVER,
)


# --- classes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("1.1.1.1", PUBLIC),
        ("93.184.216.34", PUBLIC),
        ("172.32.0.1", PUBLIC),
        ("10.0.0.1", PRIVATE),
        ("172.16.0.1", PRIVATE),
        ("172.31.255.255", PRIVATE),
        ("192.168.1.1", PRIVATE),
        ("100.64.0.1", PRIVATE),
        ("127.0.0.1", LOOPBACK),
        ("127.255.255.254", LOOPBACK),
        ("0.0.0.0", NEVER),
        ("0.1.2.3", NEVER),
        ("169.254.169.254", NEVER),
        ("169.254.170.2", NEVER),
        ("168.63.129.16", NEVER),
        ("100.100.100.200", NEVER),
        ("192.0.0.192", NEVER),
        ("192.0.2.1", NEVER),
        ("198.18.0.1", NEVER),
        ("203.0.113.7", NEVER),
        ("224.0.0.1", NEVER),
        ("239.255.255.255", NEVER),
        ("240.0.0.1", NEVER),
        ("255.255.255.255", NEVER),
        ("2606:4700:4700::1111", PUBLIC),
        ("2a00:1450::1", PUBLIC),
        ("fd12:3456::1", PRIVATE),
        ("::1", LOOPBACK),
        ("::", NEVER),
        ("::127.0.0.1", NEVER),
        ("::10.0.0.1", NEVER),
        ("fe80::1", NEVER),
        ("fe80::1%eth0", NEVER),
        ("fec0::1", NEVER),
        ("ff02::1", NEVER),
        ("fd00:ec2::254", NEVER),
        ("fd20:ce::254", NEVER),
        ("2001:db8::1", NEVER),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", NEVER),
        ("2002:7f00:1::", NEVER),
        ("3fff::1", NEVER),
        ("64:ff9b:1::a00:1", NEVER),
        ("::ffff:1.1.1.1", PUBLIC),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("::ffff:10.0.0.1", PRIVATE),
        ("::ffff:169.254.169.254", NEVER),
        ("64:ff9b::101:101", PUBLIC),
        ("64:ff9b::7f00:1", NEVER),
        ("64:ff9b::a00:1", NEVER),
        ("64:ff9b::a9fe:a9fe", NEVER),
    ],
)
def test_each_address_is_of_one_class(address: str, kind: AddressClass) -> None:
    assert class_of(ipaddress.ip_address(address)) is kind


@given(st.ip_addresses())
def test_what_python_knows_as_special_is_never_public(address: Any) -> None:
    special = ("is_private", "is_loopback", "is_link_local", "is_multicast", "is_unspecified", "is_reserved")
    embedded = getattr(address, "ipv4_mapped", None) or address in ipaddress.ip_network("64:ff9b::/96")
    if not embedded and any(getattr(address, name) for name in special):
        assert class_of(address) is not PUBLIC


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_what_it_maps_to(address: ipaddress.IPv4Address) -> None:
    assert class_of(ipaddress.ip_address(f"::ffff:{address}")) is class_of(address)


# --- what a host may lead to ----------------------------------------------------------------------------------


def resolving(*found: str) -> Resolver:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return found

    return resolve


async def reach(host: str, *found: str, private_network: bool = False) -> tuple[str, ...] | Reason:
    try:
        return await Addresses(resolving(*found), private_network=private_network).of(host, 443)
    except SourceFailure as failure:
        return failure.reason


async def test_a_public_host_leads_to_public_addresses_in_their_order() -> None:
    assert await reach("host.example", "2a00:1450::1", "1.1.1.1") == ("2a00:1450::1", "1.1.1.1")


@pytest.mark.parametrize("found", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:7f00:1", "nonsense"])
async def test_a_public_host_leads_nowhere_else_even_in_part(found: str) -> None:
    assert await reach("host.example", "1.1.1.1", found) is Reason.ADDRESS


async def test_a_private_network_is_reached_where_the_settings_say_so_and_nothing_worse() -> None:
    assert await reach("host.internal", "10.0.0.1", private_network=True) == ("10.0.0.1",)
    for found in ("127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"):
        assert await reach("host.internal", found, private_network=True) is Reason.ADDRESS


async def test_this_machines_name_leads_to_this_machine_only() -> None:
    assert await reach("localhost", "127.0.0.1") == ("127.0.0.1",)
    assert await reach("localhost", "1.1.1.1") is Reason.ADDRESS
    assert await reach("localhost", "10.0.0.1", private_network=True) is Reason.ADDRESS


async def test_a_literal_address_is_judged_without_a_look_up() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError

    asked = Addresses(never)
    assert await asked.of("1.1.1.1", 443) == ("1.1.1.1",)
    assert await asked.of("127.0.0.1", 80) == ("127.0.0.1",)
    with pytest.raises(SourceFailure):
        await asked.of("169.254.169.254", 80)


def test_a_configured_address_that_could_never_be_reached_refuses_the_start() -> None:
    with pytest.raises(ValueError, match=r"got 10\.0\.0\.1 \(private\); `private_network = true` permits it"):
        HttpClient(["https://10.0.0.1"])
    with pytest.raises(ValueError, match=r"got 169\.254\.169\.254 \(never\)$"):
        HttpClient(["https://169.254.169.254"], private_network=True)
    HttpClient(["https://10.0.0.1", "https://[fd12::1]"], private_network=True)


def test_this_machine_is_known_by_name_and_number() -> None:
    hosts = ("localhost", "127.1.2.3", "::1", "10.0.0.1", "localhost.evil", "127.0.0.1.evil.example")
    assert [is_loopback(host) for host in hosts] == [True, True, True, False, False, False]


async def test_the_system_knows_this_machine() -> None:
    resolver = SystemResolver()
    found = await resolver("localhost", 80)
    resolver.close()
    assert set(found) <= {"127.0.0.1", "::1"}
    assert found


async def test_hanging_look_ups_hold_up_nobody_elses_work(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        answered.wait(60)
        return []

    monkeypatch.setattr("socket.getaddrinfo", hang)
    client = HttpClient(["https://host.example"], seconds=0.1, concurrency=20)
    calls = [client.send(get("https://host.example/")) for _ in range(20)]
    failures = await asyncio.gather(*calls, return_exceptions=True)
    assert {each.reason for each in failures if isinstance(each, SourceFailure)} == {Reason.TIMEOUT}
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), 20) == "done"
    await client.aclose()
    answered.set()


# --- connecting -----------------------------------------------------------------------------------------------


class Net:
    """A network in which every public address is a server of this machine; it notes what was connected to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected: list[str] = []
        self.dead: set[str] = set()
        self.silent: set[str] = set()

    async def __call__(self, address: str, port: int) -> socket.socket:
        self.connected.append(address)
        if address in self.dead:
            raise ConnectionRefusedError
        if address in self.silent:
            await asyncio.Event().wait()
        return await connected("127.0.0.1", self.port)


class Names:
    """A resolver that answers with the next of its answers each time."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        found = self.answers.pop(0)
        if not found:
            raise OSError("no such host")
        return found


HOST = "host.example"


def client_over(net: Net, names: Names, trust: ssl.SSLContext | None = None, host: str = HOST) -> HttpClient:
    transport = Connections(Addresses(names), 4, ssl_context=trust, network=net)
    return HttpClient([f"https://{host}"], transport=transport, seconds=2)


CLOSING = answer("200 OK", b"{}", "connection: close")


async def test_what_was_checked_is_what_is_connected_to_and_the_certificate_is_the_names(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, HOST)
    asked_for: list[str | None] = []
    server.sni_callback = lambda _object, name, _context: asked_for.append(name)
    async with serving(Site(CLOSING), server) as url:
        net, names = Net(port_of(url)), Names(["1.1.1.1"])
        client = client_over(net, names, trust)
        assert (await client.send(get(f"https://{HOST}/"))).status == 200
        await client.aclose()
    assert (names.asked, net.connected, asked_for) == ([HOST], ["1.1.1.1"], [HOST])


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused_the_second_time(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, HOST)
    site = Site(CLOSING)
    async with serving(site, server) as url:
        net, names = Net(port_of(url)), Names(["1.1.1.1"], ["127.0.0.1"])
        client = client_over(net, names, trust)
        await client.send(get(f"https://{HOST}/"))
        with pytest.raises(SourceFailure) as caught:
            await client.send(get(f"https://{HOST}/"))
        await client.aclose()
    assert caught.value.reason is Reason.ADDRESS
    assert (net.connected, site.requests) == (["1.1.1.1"], 1)


async def test_a_forbidden_address_gets_no_second_try() -> None:
    names = Names(["10.0.0.1"], ["10.0.0.1"])
    client = client_over(Net(9), names)
    with pytest.raises(SourceFailure) as caught:
        await client.send(get(f"https://{HOST}/"))
    await client.aclose()
    assert (caught.value.reason, len(names.asked)) == (Reason.ADDRESS, 1)


async def test_the_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "other.example")
    site = Site(CLOSING)
    async with serving(site, server) as url:
        client = client_over(Net(port_of(url)), Names(["1.1.1.1"]), trust)
        with pytest.raises(SourceFailure) as caught:
            await client.send(get(f"https://{HOST}/"))
        await client.aclose()
    assert (caught.value.reason, site.requests) == (Reason.TLS, 0)


async def test_a_certificate_that_nobody_we_trust_has_signed_is_refused(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path, HOST)
    site = Site(CLOSING)
    async with serving(site, server) as url:
        client = client_over(Net(port_of(url)), Names(["1.1.1.1"]))
        with pytest.raises(SourceFailure) as caught:
            await client.send(get(f"https://{HOST}/"))
        await client.aclose()
    assert (caught.value.reason, site.requests) == (Reason.TLS, 0)


async def test_plain_http_where_tls_was_expected_is_no_connection() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("400 Bad Request"))
        await writer.drain()

    async with serving(plain) as url:
        client = client_over(Net(port_of(url)), Names(["1.1.1.1"]))
        with pytest.raises(SourceFailure) as caught:
            await client.send(get(f"https://{HOST}/"))
        await client.aclose()
    assert caught.value.reason is Reason.TLS


async def test_a_handshake_that_never_ends_is_cut_off_and_its_connection_closed() -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        ended.set()

    async with serving(silent) as url:
        transport = Connections(Addresses(Names(["1.1.1.1"])), 4, network=Net(port_of(url)))
        client = HttpClient([f"https://{HOST}"], transport=transport, seconds=0.2)
        with pytest.raises(SourceFailure) as caught:
            await client.send(get(f"https://{HOST}/"))
        await asyncio.wait_for(ended.wait(), 1)
        await client.aclose()
    assert caught.value.reason is Reason.TIMEOUT


async def test_the_next_address_is_tried_when_one_takes_no_connection(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, HOST)
    async with serving(Site(CLOSING), server) as url:
        net = Net(port_of(url))
        net.dead = {"2a00:1450::1"}
        client = client_over(net, Names(["2a00:1450::1", "1.1.1.1"]), trust)
        assert (await client.send(get(f"https://{HOST}/"))).status == 200
        await client.aclose()
    assert net.connected == ["2a00:1450::1", "1.1.1.1"]


async def test_the_next_address_is_tried_when_one_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.connections.ATTEMPT_SECONDS", 0.02)
    server, trust = certificate(tmp_path, HOST)
    async with serving(Site(CLOSING), server) as url:
        net = Net(port_of(url))
        net.silent = {"8.8.8.8"}
        client = client_over(net, Names(["8.8.8.8", "1.1.1.1"]), trust)
        assert (await client.send(get(f"https://{HOST}/"))).status == 200
        await client.aclose()
    assert net.connected == ["8.8.8.8", "1.1.1.1"]


async def test_a_host_that_is_not_known_is_no_connection() -> None:
    client = client_over(Net(9), Names([], []))
    with pytest.raises(SourceFailure) as caught:
        await client.send(get(f"https://{HOST}/"))
    await client.aclose()
    assert caught.value.reason is Reason.CONNECT


async def test_this_machine_is_reached_by_its_name() -> None:
    site = Site(answer())
    async with serving(site) as url:
        client = HttpClient([f"http://localhost:{port_of(url)}"], resolver=Names(["127.0.0.1"]))
        assert (await client.send(get(f"http://localhost:{port_of(url)}/"))).status == 200
        await client.aclose()
    assert site.requests == 1


async def test_no_proxy_and_no_certificates_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Site(answer())
    async with serving(proxy) as elsewhere, serving(Site(answer("200 OK", b"[]"))) as url:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, elsewhere)
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
        client = HttpClient([url])
        assert (await client.send(get(url))).body == b"[]"
        await client.aclose()
    assert proxy.connections == 0
