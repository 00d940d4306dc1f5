"""Where the database is: what the environment names, what is refused, and what a failed connection says."""

from __future__ import annotations

import socket
from urllib.parse import quote

import psycopg
import pytest

from steward import ProfileError, TargetError
from steward.database import session, target
from steward.database.target import Request, Target

SECRET = "s3cr@t/&'x"
QUOTED = quote(SECRET, safe="")
URI = f"postgresql://ana:{QUOTED}@db.example:6432/validahub"
IN_QUERY = f"postgresql://db.example/validahub?user=ana&password={QUOTED}"
WORDS = "host=db.example user=ana dbname=validahub password='" + SECRET.replace("'", r"\'") + "'"
NAMED = {"PGHOST": "db.example", "PGDATABASE": "validahub", "PGUSER": "ana", "PGPASSWORD": SECRET}
DIGEST = "db.example/pg@sha256:ab"


@pytest.mark.parametrize("profile", [None, "", "development"])
def test_nothing_named_is_the_embedded_server_for_development(profile):
    assert target.resolve({}, profile) == Request("embedded", "development")


@pytest.mark.parametrize("profile", ["production", "staging", "base", "/etc/steward/own.toml"])
def test_a_job_that_lost_its_database_does_not_maintain_a_toy(profile):
    with pytest.raises(TargetError, match="no database is named") as caught:
        target.resolve({"HOME": "/root", "PGUSER": "validahub_maintenance", "PGPASSWORD": SECRET}, profile)

    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("profile", [None, "development", "production"])
def test_a_database_url_that_is_set_and_empty_is_a_lost_one(profile):
    with pytest.raises(TargetError, match="set and empty"):
        target.resolve({"DATABASE_URL": ""}, profile)


@pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGSERVICEFILE"])
def test_libpq_names_a_database(name):
    request = target.resolve({name: "somewhere"}, "production")

    assert request == Request("database", "production", "")


def test_libpq_fills_in_what_the_url_leaves_out():
    request = target.resolve({"DATABASE_URL": "postgresql:///validahub", "PGHOST": "db"}, "staging")

    assert request == Request("database", "staging", "postgresql:///validahub")


@pytest.mark.parametrize("environ", [{"DATABASE_URL": URI}, {"PGHOST": "db"}, {"PGSERVICE": "validahub"}])
@pytest.mark.parametrize("profile", [None, ""])
def test_a_named_database_needs_a_profile(environ, profile):
    with pytest.raises(ProfileError, match="no profile"):
        target.resolve(environ, profile)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("embedded", Request("embedded", "development")),
        ("testcontainers:postgres:15", Request("testcontainers", "development", image="postgres:15")),
        (
            "testcontainers:db.example/pg@sha256:ab",
            Request("testcontainers", "development", image="db.example/pg@sha256:ab"),
        ),
    ],
)
def test_a_kind_of_throwaway_server_can_be_asked_for(asked, expected):
    assert target.resolve({"STEWARD_TARGET": asked}, None) == expected


def test_a_throwaway_server_can_be_maintained_by_another_profile():
    assert target.resolve({"STEWARD_TARGET": "embedded"}, "staging") == Request("embedded", "staging")


@pytest.mark.parametrize("asked", ["docker", "testcontainers", "testcontainers:", "embedded:18", "EMBEDDED"])
def test_an_unknown_kind_is_refused(asked):
    with pytest.raises(TargetError, match="unknown kind"):
        target.resolve({"STEWARD_TARGET": asked}, None)


@pytest.mark.parametrize("named", [{"DATABASE_URL": URI}, {"PGSERVICE": "validahub"}])
def test_two_targets_are_refused(named):
    with pytest.raises(TargetError, match="unset one of them") as caught:
        target.resolve({"STEWARD_TARGET": "embedded", **named}, "production")

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "broken",
    [
        f"postgresql+psycopg://ana:{SECRET}@db/validahub",
        f"host=db password='{SECRET}",
        f"postgresql://ana:{QUOTED}@db:not-a-port:5432/%zz",
        f"nonsense={SECRET}",
        "postgresql://ana:s3cr@t@db/validahub",
        "postgresql://ana:12/s3cr@db/validahub",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_being_shown(broken):
    with pytest.raises(TargetError, match="neither a URI") as caught:
        target.resolve({"DATABASE_URL": broken}, "production")

    assert "s3cr" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"DATABASE_URL": URI}, "ana@db.example:6432/validahub"),
        ({"DATABASE_URL": IN_QUERY}, "ana@db.example/validahub"),
        ({"DATABASE_URL": "postgresql://ana:12?s3cr@db/validahub"}, "ana@db/validahub"),
        ({"DATABASE_URL": WORDS}, "ana@db.example/validahub"),
        ({"DATABASE_URL": "postgresql://a1:5432,b2:5433/validahub"}, "a1,b2:5432,5433/validahub"),
        ({"DATABASE_URL": "postgresql:///validahub?host=/var/run/postgresql"}, "/var/run/postgresql/validahub"),
        (NAMED, "ana@db.example/validahub"),
        ({"PGSERVICE": "validahub", "PGPASSWORD": SECRET}, "service validahub"),
        ({"DATABASE_URL": "service=validahub"}, "service validahub"),
        ({"PGSERVICEFILE": "/etc/pg_service.conf"}, "local socket"),
    ],
)
def test_a_label_names_the_database_and_never_the_password(environ, expected):
    request = target.resolve(environ, "production")
    at = target.existing(request, environ)
    shown = repr(at) + repr(request) + at.label

    assert at.label == expected
    assert "s3cr" not in shown


@pytest.mark.parametrize(
    "at",
    [
        Target("database", URI, "ana@db.example"),
        Target("embedded", "host=/tmp/x", "EMBEDDED DEMO"),
        Target("database", "", "service x"),
    ],
)
def test_a_child_inherits_its_parents_target(at):
    assert target.inherited({"PGHOST": "kept", **target.environment(at)}) == at


def test_a_child_without_a_parent_is_refused():
    with pytest.raises(TargetError, match="STEWARD_TARGET_KIND"):
        target.inherited({"DATABASE_URL": URI})


def refused(conninfo, label="db"):
    with pytest.raises(TargetError) as caught:
        session.login(Target("database", conninfo, label))
    shown = str(caught.value)

    assert "\n" not in shown
    return shown


def test_a_server_that_is_not_there_is_told_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        shown = refused(f"host=127.0.0.1 port={taken.getsockname()[1]} user=ana dbname=x password='hidden'")

    assert shown == "db: nothing listens there; start the server, or correct host and port"


def test_a_socket_that_is_not_there_is_told_in_one_line(tmp_path):
    shown = refused(f"host='{tmp_path}' user=ana")

    assert shown == "db: no server's socket is there; start the server, or correct host and port"


def test_a_host_that_is_not_known_is_told_in_one_line():
    shown = refused("host=no-such-host.invalid user=ana")

    assert shown == "db: the host name no-such-host.invalid is not known; correct the host"


def test_a_service_that_is_not_defined_is_told_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "pg_service.conf"))
    (tmp_path / "pg_service.conf").write_text("[other]\nhost=db\n")

    assert (
        refused("service=validahub")
        == "db: no service validahub in the service file; correct PGSERVICE or PGSERVICEFILE"
    )


def test_a_database_that_does_not_exist_is_told_in_one_line(cluster):
    shown = refused(cluster.conninfo("postgres", "Nobody's"))

    assert shown == "db: there is no database Nobody's; correct the database's name"


def test_a_role_that_does_not_exist_is_told_in_one_line(cluster):
    shown = refused(cluster.conninfo('a "b"', "postgres"))

    assert 'there is no role a "b"; correct the user' in shown


def test_a_role_that_may_not_log_in_is_told_in_one_line(database):
    shown = refused(database.conninfo("validahub_owner"))

    assert (
        shown == "db: the role validahub_owner has no LOGIN; let an administrator run: alter role validahub_owner login"
    )


def test_a_database_that_one_may_not_connect_to_is_told_in_one_line(database):
    database.execute(f"revoke connect on database {database.name} from public")

    assert "no privilege to connect to database" in refused(database.conninfo("validahub_maintenance"))


def test_a_full_server_is_told_in_one_line(database):
    database.execute(f"alter database {database.name} connection limit 0")

    assert "all its connections are taken" in refused(database.conninfo("validahub_maintenance"))


@pytest.fixture
def strict(own_cluster):
    """A server that asks for passwords over TCP, and knows one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    own_cluster.stop()
    hba = own_cluster.server.data / "pg_hba.conf"
    hba.write_text("local all all trust\nhost all ana 127.0.0.1/32 scram-sha-256\n")
    own_cluster.server.start(listen_addresses="127.0.0.1", port=port)
    with psycopg.connect(own_cluster.conninfo() + f" port={port}", autocommit=True) as conn:
        conn.execute("create role ana login password 'right'")
        conn.execute("create role bob login")
    return f"host=127.0.0.1 port={port} dbname=postgres"


def test_passwords_and_hosts_that_are_refused_are_told_in_one_line(strict):
    wrong = refused(f"{strict} user=ana password=wrong-one")
    missing = refused(f"{strict} user=ana")
    foreign = refused(f"{strict} user=bob password=wrong-one")
    right = session.login(Target("database", f"{strict} user=ana password=right", "db"))
    right.close()

    assert wrong == "db: wrong password for user ana; correct it in DATABASE_URL, PGPASSWORD or the passfile"
    assert missing.startswith("db: it asks for a password and none was given;")
    assert foreign.startswith("db: pg_hba.conf has no entry for host")
    assert "wrong-one" not in wrong + missing + foreign


def test_what_no_rule_knows_is_passed_on_without_the_password():
    error = psycopg.OperationalError("la connexion a échoué\navec s3cret")

    shown = str(target.explain(error, Target("database", "host=db password=s3cret", "db")))

    assert shown == "db: la connexion a échoué avec ***; correct DATABASE_URL or libpq's variables"
