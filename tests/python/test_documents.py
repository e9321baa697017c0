"""The documents of the page's listener, as a newsroom's script reads them, held to the schema that is served beside them."""

import copy
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request

import jsonschema
import pytest

# Far more than anything takes: nothing here depends on timing.
PATIENCE_S = 120


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Where the demonstration's night is served, at great speed."""
    log = tmp_path_factory.mktemp("documents") / "log"
    command = [os.environ["HEMICYCLE_BINARY"], "demo", "--speed", "1000", "--port", "0", "--http-port", "0"]
    with log.open("wb") as output:
        demo = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield address_of(log, demo)
    finally:
        demo.terminate()
        # Told to end before the night is over, it says so by 130.
        assert demo.wait(PATIENCE_S) in (0, 130), log.read_text()


def address_of(log, demo):
    """The address of the page, as the demonstration says."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = re.search(r"The page: (http://127\.0\.0\.1:\d+)", log.read_text())
        if found:
            return found[1]
        assert demo.poll() is None, log.read_text()
        time.sleep(0.01)
    raise AssertionError("the page is nowhere:\n" + log.read_text())


def read(address):
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def patiently(address):
    """What is there, as soon as it is public."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return read(address)
        except urllib.error.HTTPError as error:
            if error.code not in (404, 429, 503) or time.monotonic() > end:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="module")
def schema(served):
    schema = read(f"{served}/v1/results.schema.json")
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


@pytest.fixture(scope="module")
def election(served):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        listed = patiently(f"{served}/v1/elections")["elections"]
        if listed:
            return f"{served}/v1/elections/{listed[0]['election_id']}"
        time.sleep(0.05)
    raise AssertionError("no election is public")


def test_documents_of_a_whole_night_are_as_the_schema_says(schema, election):
    end = time.monotonic() + PATIENCE_S
    corrections = 0
    while time.monotonic() < end:
        document = patiently(f"{election}/results.json")
        schema.validate(document)
        corrections = max(corrections, len(document["envelope"]["corrections"]))
        tallies = document["contests"][0]["totals"]["tallies"]
        if corrections and tallies["counted"] == tallies["expected"]:
            break
        time.sleep(0.02)
    assert corrections, "the night has corrections"
    newest = document["revision"]
    for revision in sorted({1, newest // 4, newest // 2, newest}):
        try:
            document = patiently(f"{election}/rev/{revision}.json")
        except urllib.error.HTTPError as error:
            # Before its opening nothing is public.
            assert revision < newest // 4 and error.code == 404, revision
            continue
        schema.validate(document)
        assert document["revision"] == revision


def test_a_document_that_is_wrong_is_found(schema, election):
    right = patiently(f"{election}/results.json")
    schema.validate(right)

    def wrong(change):
        document = copy.deepcopy(right)
        change(document)
        with pytest.raises(jsonschema.ValidationError):
            schema.validate(document)

    wrong(lambda it: it.pop("revision"))
    wrong(lambda it: it["contests"][0]["options"][0].update(votes="12"))
    wrong(lambda it: it["contests"][0]["options"][0].update(votes=-1))
    wrong(lambda it: it["contests"][0].update(seats_state="guessed"))
    wrong(lambda it: it["envelope"].update(is_stale=None))
