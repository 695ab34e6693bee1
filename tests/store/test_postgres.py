"""What happens on PostgreSQL alone: an unreachable or hanging server, another encoding, two writers at once."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from helpers import postgresql
from helpers.store_builders import NOON, entry_id, file_result, recount_feeds, stored_feeds
from refeed.errors import ConfigError, StoreError
from refeed.store.dump_recording import record_files
from refeed.store.engine import create_postgres_engine, parse_database_url
from refeed.store.entry_updates import restore_entries, withdraw_entries
from refeed.store.store import Store


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """The store of these tests is a PostgreSQL only."""
    return postgres_url


def test_urls_of_platforms_are_accepted_with_their_options() -> None:
    url = parse_database_url("postgres://u:p%40ss@db.example.org:5432/d?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    assert url.render_as_string(hide_password=False) == (
        "postgresql+psycopg://u:p%40ss@db.example.org:5432/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"
    )


@pytest.mark.parametrize("url", ["postgres://h:five/d", "mysql://h/d", "no url", "sqlite://"])
def test_an_invalid_store_url_is_an_error(url: str) -> None:
    with pytest.raises(ConfigError, match="the store's URL: "):
        Store(url)


def test_the_error_about_an_invalid_url_does_not_repeat_its_password() -> None:
    with pytest.raises(ConfigError) as error:
        Store("mysql://user:geheim@host/db")
    assert "geheim" not in str(error.value)


def test_options_in_the_url_override_our_own(postgres_url: str) -> None:
    url = postgres_url + "&options=-c%20statement_timeout%3D1234&application_name=mine"
    engine = create_postgres_engine(parse_database_url(url), read_only=True)
    with engine.connect() as connection:
        ask = connection.exec_driver_sql
        assert ask("SHOW statement_timeout").scalar_one() == "1234ms"
        assert ask("SHOW application_name").scalar_one() == "mine"
        assert ask("SHOW default_transaction_read_only").scalar_one() == "on"
        assert ask("SHOW client_encoding").scalar_one() == "UTF8"
    engine.dispose()


@pytest.mark.parametrize(("encoding", "accepted"), [("SQL_ASCII", True), ("LATIN1", False)])
def test_a_database_that_cannot_store_chinese_is_refused_before_anything_is_written(
    postgres_server: postgresql.PostgresServer, encoding: str, accepted: bool
) -> None:
    url = postgres_server.make_database(f"ENCODING '{encoding}' LOCALE 'C'")
    store = Store(url)
    try:
        if not accepted:
            with pytest.raises(StoreError, match="ENCODING 'UTF8'"):
                store.migrate()
            return
        store.migrate()
        record_files(store, [file_result(1)], NOON)
        assert store.get_entry(entry_id(1))[0].entry.title == "样本 1.0"
    finally:
        store.close()
        postgres_server.drop_database(url)


def test_many_processes_may_migrate_an_empty_database_at_once(postgres_url: str) -> None:
    stores = [Store(postgres_url) for _ in range(6)]
    threads = [threading.Thread(target=store.migrate) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({store.identity for store in stores}) == 1
    for store in stores:
        store.close()


def test_the_schema_of_a_newer_program_is_refused(store: Store) -> None:
    with store.write_transaction() as connection:
        connection.exec_driver_sql("INSERT INTO migrations (version) VALUES (999)")
    with pytest.raises(StoreError, match="run the newer program"):
        store.migrate()


@pytest.mark.slow
def test_two_writers_at_once_lose_no_changes(store: Store, postgres_url: str) -> None:
    """As on two machines: one ingests while the other withdraws and restores."""
    record_files(store, [file_result(n) for n in range(10)], NOON)
    other = Store(postgres_url)
    errors: list[Exception] = []

    def ingest() -> None:
        try:
            for n in range(10, 60):
                record_files(store, [file_result(n)], NOON)
        except Exception as error:  # noqa: BLE001 -- asserted below
            errors.append(error)

    thread = threading.Thread(target=ingest)
    thread.start()
    changes = 0
    while thread.is_alive():
        withdraw_entries(other, [entry_id(changes % 10)], NOON)
        restore_entries(other, [entry_id(changes % 10)], NOON)
        changes += 1
    thread.join()
    other.close()
    assert errors == []
    assert stored_feeds(store) == recount_feeds(store)
    assert int(store.get_meta("revision") or 0) == 1 + 50 + 2 * changes


def test_an_idle_connection_that_was_cut_is_replaced(store: Store, postgres_server: postgresql.PostgresServer) -> None:
    record_files(store, [file_result(1)], NOON)
    postgres_server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'refeed'")
    assert store.get_entry_ids() == [entry_id(1)]
    record_files(store, [file_result(2)], NOON)


def test_a_batch_whose_connection_is_cut_is_rolled_back(
    store: Store, postgres_server: postgresql.PostgresServer
) -> None:
    def cut(*_: object) -> None:
        postgres_server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'refeed'")

    with pytest.raises(StoreError, match="did not answer"):
        record_files(store, [file_result(1, band=1), file_result(2, source="two", band=1)], NOON, cut)
    assert store.get_entry_ids() == []
    record_files(store, [file_result(1)], NOON)
    assert stored_feeds(store) == recount_feeds(store)


def test_a_statement_that_takes_too_long_fails(postgres_url: str) -> None:
    store = Store(postgres_url + "&options=-c%20statement_timeout%3D200")
    with pytest.raises(StoreError, match="timeout"), store.read_transaction() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(10)")
    store.close()


def test_a_server_that_hangs_is_given_up(postgres_url: str) -> None:
    store = Store(postgres_url + "&options=-c%20statement_timeout%3D0")  # as if the server had no timeout
    started = time.monotonic()
    with pytest.raises(StoreError, match="no answer within"), store.read_transaction() as connection:
        connection.connection.driver_connection.response_timeout = 0.5
        connection.exec_driver_sql("SELECT pg_sleep(20)")
    assert time.monotonic() - started < 15
    store.migrate()  # on a new connection
    store.close()


def test_an_unreachable_store_is_named_without_its_password() -> None:
    store = Store("postgres://user:geheim@127.0.0.1:9/none")
    with pytest.raises(StoreError, match="did not answer") as error:
        store.get_entry_ids()
    assert "geheim" not in str(error.value)
    assert "user:***@127.0.0.1:9" in str(error.value)


def test_a_read_transaction_sees_one_state_of_the_store(store: Store, postgres_url: str) -> None:
    record_files(store, [file_result(1)], NOON)
    other = Store(postgres_url)
    with store.read_transaction() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one()
        record_files(other, [file_result(2)], NOON)
        assert connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one() == before == 1
    other.close()
    assert len(store.get_entry_ids()) == 2


def test_psycopg_still_has_the_method_that_we_override() -> None:
    """`TimeoutConnection.wait` overrides a method that psycopg does not document."""
    parameters = psycopg.Connection.wait.__annotations__
    assert {"gen", "interval", "timeout"} <= parameters.keys()
