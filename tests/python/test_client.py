"""A client in another language, generated from proto/: it defines, submits, watches and asks, against the served binary."""

import itertools
import json
import os
import pathlib
import subprocess
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from google.protobuf.descriptor_pool import DescriptorPool
from hemicycle.allocation.v1 import allocation_pb2, allocation_pb2_grpc
from hemicycle.common.v1 import definition_pb2, publication_pb2, report_pb2, tally_pb2
from hemicycle.feed.v1 import feed_pb2, feed_pb2_grpc, frame_pb2
from hemicycle.ingestion.v1 import ingestion_pb2, ingestion_pb2_grpc
from hemicycle.results.v1 import admin_pb2, admin_pb2_grpc, results_pb2, results_pb2_grpc

# Far more than anything takes: nothing here depends on timing.
PATIENCE_S = 60
ELECTION = "python-2026"
STATIONS = 25
DEFINITION = """
[ballot]
election = "python-2026"
is_test = true
[[ballot.contests]]
id = "list"
[[ballot.contests.districts]]
id = "city"
options = [{ id = "a" }, { id = "b" }, { id = "c" }]
[rules]
house_size = 10
[[rules.contests]]
id = "list"
districts = [{ id = "city", seats = 10 }]
threshold = { share = [7, 100], base = "list-votes" }
stages = [{ method = "largest-remainder", quota = "hare" }]
[rules.form]
identities = [{ left = ["votes"], right = ["valid"] }]
"""
SERVICES = [
    "hemicycle.allocation.v1.AllocationService",
    "hemicycle.feed.v1.LiveFeedService",
    "hemicycle.ingestion.v1.TallyIngestionService",
    "hemicycle.results.v1.AdminService",
    "hemicycle.results.v1.ResultsService",
]


def address_of(log: pathlib.Path, server: subprocess.Popen) -> str:
    """Where the server listens, as its log says."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        for line in log.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            fields = entry.get("fields", entry)
            if fields.get("message") == "listening" and fields.get("part") == "grpc":
                return fields["address"]
        assert server.poll() is None, log.read_text()
        time.sleep(0.01)
    raise AssertionError("the server does not listen:\n" + log.read_text())


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    """A channel to all roles in one process."""
    folder = tmp_path_factory.mktemp("served")
    log = folder / "log"
    command = [os.environ["HEMICYCLE_BINARY"], "serve", "--listen", "127.0.0.1:0", "--data", str(folder / "data")]
    with log.open("wb") as stderr:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        with grpc.insecure_channel(address_of(log, server)) as channel:
            yield channel
    finally:
        server.terminate()
        assert server.wait(PATIENCE_S) == 0, log.read_text()


@pytest.fixture(scope="module")
def ballot_hash(channel):
    """The election is defined, in a stream of a head and chunks of units, and open to the public."""
    admin = admin_pb2_grpc.AdminServiceStub(channel)
    units = [
        definition_pb2.Unit(unit_id=f"s{number}", district_id="city", roll=1_000, display_name=f"Station {number}")
        for number in range(STATIONS)
    ]
    request = admin_pb2.DefineElectionRequest
    head = request.DefinitionHead(election_id=ELECTION, definition_toml=DEFINITION, unit_count=STATIONS)
    chunks = [request.UnitChunk(units=units[:20]), request.UnitChunk(units=units[20:])]
    messages = [request(head=head), *(request(units=chunk) for chunk in chunks)]
    defined = admin.DefineElection(iter(messages), timeout=PATIENCE_S)
    assert defined.written.event_count > 0
    assert admin.DefineElection(iter(messages), timeout=PATIENCE_S).written.event_count == 0
    for publication_class in publication_pb2.PublicationClass.values()[1:]:
        opening = admin_pb2.OpenClassRequest(election_id=ELECTION, publication_class=publication_class)
        admin.OpenClass(opening, timeout=PATIENCE_S)
    return next(part.hash for part in defined.parts if part.part == definition_pb2.DEFINITION_PART_BALLOT)


def report(ballot_hash: bytes, station: int, version: int, votes: list[int]) -> report_pb2.Report:
    return report_pb2.Report(
        unit_id=f"s{station}",
        contest_id="list",
        counting_group_id="all",
        version=version,
        kind=report_pb2.REPORT_KIND_FULL,
        ballot_hash=ballot_hash,
        option_indexes=[2, 0, 1],
        votes=[votes[2], votes[0], votes[1]],
        form=[report_pb2.FormCounter(counter=report_pb2.COUNTER_VALID, value=sum(votes))],
    )


def submit(channel, reports):
    """One answer for each report, in their order."""
    ingestion = ingestion_pb2_grpc.TallyIngestionServiceStub(channel)
    messages = [
        ingestion_pb2.SubmitReportsRequest(request_id=number, election_id=ELECTION, report=each)
        for number, each in enumerate(reports)
    ]
    answers = list(ingestion.SubmitReports(iter(messages), timeout=PATIENCE_S))
    assert [answer.request_id for answer in answers] == list(range(len(messages)))
    return [answer.outcome for answer in answers]


def patiently(call, request, not_yet):
    """Readers follow the log: what is asked for may not be there yet."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call(request, timeout=PATIENCE_S)
        except grpc.RpcError as error:
            assert error.code() == not_yet and time.monotonic() < end, error
            time.sleep(0.01)


def names(outcomes):
    return [outcome.WhichOneof("outcome") for outcome in outcomes]


def test_health_of_the_server_and_of_each_service(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for service in ["", *SERVICES]:
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE_S)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, service


def test_reflection_tells_the_contract(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(SERVICES) <= set(database.get_services())
    pool = DescriptorPool(database)
    methods = pool.FindServiceByName("hemicycle.ingestion.v1.TallyIngestionService").methods_by_name
    assert list(methods) == ["SubmitReports"]
    assert pool.FindMessageTypeByName("hemicycle.common.v1.Report").fields_by_name["votes"].number == 8


def test_a_night_is_submitted_watched_and_explained(channel, ballot_hash):
    feed = feed_pb2_grpc.LiveFeedServiceStub(channel)
    scope = frame_pb2.Scope(election=frame_pb2.ElectionScope(election_id=ELECTION))
    patiently(feed.GetFrame, feed_pb2.GetFrameRequest(scope=scope), grpc.StatusCode.NOT_FOUND)
    watch = feed.WatchFrames(feed_pb2.WatchFramesRequest(scope=scope), timeout=PATIENCE_S)
    empty = next(watch).frame
    assert [row.votes for row in empty.body.contests[0].rows] == [0, 0, 0]

    night = [report(ballot_hash, station, 1, [60 + station, 30, 10]) for station in range(STATIONS)]
    outcomes = submit(channel, night + night)
    assert names(outcomes) == ["accepted"] * STATIONS + ["duplicate"] * STATIONS
    head = max(outcome.revision for outcome in outcomes)

    frames = (answer.frame for answer in watch if answer.WhichOneof("event") == "frame")
    places = []
    for frame in itertools.chain([empty], frames):
        places.append((frame.body.revision, frame.envelope.token.publication_seq))
        if frame.body.revision == head:
            break
    watch.cancel()
    assert places == sorted(set(places)), "never backwards"
    votes = [60 * STATIONS + sum(range(STATIONS)), 30 * STATIONS, 10 * STATIONS]
    contest = frame.body.contests[0]
    assert [row.votes for row in contest.rows] == votes
    assert sum(row.seats.seats for row in contest.rows) == 10

    allocation = allocation_pb2_grpc.AllocationServiceStub(channel)
    request = allocation_pb2.GetStandingsRequest(
        election_id=ELECTION, view=publication_pb2.VIEW_PUBLIC, include_steps=True, include_margins=True
    )
    standings = allocation.GetStandings(request, timeout=PATIENCE_S).standings
    district = standings.contests[0].districts[0]
    assert list(district.votes) == votes
    assert district.allocation.certificate.verified
    assert district.allocation.steps and district.allocation.margins
    assert [each.seats.seats for each in district.allocation.lists] == [row.seats.seats for row in contest.rows]


def test_a_correction_is_told_to_viewers_and_kept_in_history(channel, ballot_hash):
    first = report(ballot_hash, 3, 1, [63, 30, 10])
    silent = report(ballot_hash, 3, 2, [50, 40, 20])
    fall = report(ballot_hash, 3, 3, [40, 50, 20])
    fall.kind = report_pb2.REPORT_KIND_CORRECTION
    fall.attribution.by, fall.attribution.reason = "Commission No 3", "rows swapped"
    counted, held, corrected = submit(channel, [first, silent, fall])
    assert counted.WhichOneof("outcome") in ("accepted", "duplicate")
    assert names([held, corrected]) == ["held", "accepted"]
    assert held.held.reasons[0].code == report_pb2.HOLD_REASON_CODE_FALL_WITHOUT_CORRECTION

    results = results_pb2_grpc.ResultsServiceStub(channel)
    request = results_pb2.GetUnitHistoryRequest(election_id=ELECTION, unit_id="s3", view=publication_pb2.VIEW_HEAD)
    entries = patiently(results.GetUnitHistory, request, grpc.StatusCode.UNAVAILABLE).entries
    changes = [entry.WhichOneof("change") for entry in entries]
    assert changes == ["counted", "held", "counted"]
    assert entries[-1].counted.attribution.reason == "rows swapped"
    assert list(entries[-1].counted.replaced.votes) == [63, 30, 10]


def test_a_refusal_names_code_field_value_and_rule(channel, ballot_hash):
    unknown = report(ballot_hash, 3, 9, [1, 2, 3])
    unknown.unit_id = "nowhere"
    old = report(bytes(32), 3, 9, [1, 2, 3])
    huge = report(ballot_hash, 3, 9, [1, 2, 3])
    huge.votes[0] = 2**64 - 1
    codes = [outcome.refused.code for outcome in submit(channel, [unknown, old, huge])]
    assert codes == [
        report_pb2.REFUSAL_CODE_UNKNOWN_UNIT,
        report_pb2.REFUSAL_CODE_BALLOT_HASH,
        report_pb2.REFUSAL_CODE_LIMIT,
    ]
    for outcome in submit(channel, [unknown, old, huge]):
        assert outcome.refused.field and outcome.refused.value and outcome.refused.rule


def test_who_asks_for_no_view_gets_the_public_one_and_an_unknown_election_is_not_found(channel, ballot_hash):
    allocation = allocation_pb2_grpc.AllocationServiceStub(channel)
    request = allocation_pb2.GetStandingsRequest
    standings = patiently(allocation.GetStandings, request(election_id=ELECTION), grpc.StatusCode.NOT_FOUND).standings
    assert standings.election_id == ELECTION
    with pytest.raises(grpc.RpcError) as error:
        allocation.GetStandings(request(election_id="nowhere"), timeout=PATIENCE_S)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_seats_of_a_request(channel):
    allocation = allocation_pb2_grpc.AllocationServiceStub(channel)
    request = allocation_pb2.AllocateRequest(id="almaty", seats=39, include_margins=True)
    for option_id, votes in [("nur-otan", 218_003), ("aq-jol", 32_367), ("auyl", 24_591), ("qhp", 23_388)]:
        request.lists.add(option_id=option_id, votes=votes)
    request.rules.stages.add().largest_remainder.quota = 1
    response = allocation.Allocate(request, timeout=PATIENCE_S)
    assert response.id == "almaty"
    assert [each.seats.seats for each in response.allocation.lists] == [29, 4, 3, 3]
    assert response.allocation.state == tally_pb2.SEATS_STATE_PROVISIONAL


ALMATY = [("nur-otan", 218_003), ("aq-jol", 32_367), ("auyl", 24_591), ("qhp", 23_388), ("adal", 21_733)]


def test_a_batch_answers_each_request_by_itself(channel):
    allocation = allocation_pb2_grpc.AllocationServiceStub(channel)
    batch = allocation_pb2.BatchAllocateRequest()
    for identifier, seats in [("whole", 39), ("none", 0)]:
        request = batch.requests.add(id=identifier, seats=seats)
        for option_id, votes in ALMATY[:4]:
            request.lists.add(option_id=option_id, votes=votes)
        request.rules.stages.add().largest_remainder.quota = 1
    whole, none = allocation.BatchAllocate(batch, timeout=PATIENCE_S).answers
    assert [each.seats.seats for each in whole.response.allocation.lists] == [29, 4, 3, 3]
    assert (none.refused.id, none.refused.refusal.field) == ("none", "seats")


def test_profiles_are_compared_side_by_side(channel):
    allocation = allocation_pb2_grpc.AllocationServiceStub(channel)
    profiles = allocation.ListProfiles(allocation_pb2.ListProfilesRequest(), timeout=PATIENCE_S).profiles
    known = {profile.name: profile for profile in profiles}
    assert known["kz-maslihat-2021"].sources and known["kz-maslihat-2021"].rules.stages
    request = allocation_pb2.CompareRequest(seats=39)
    for option_id, votes in ALMATY:
        request.lists.add(option_id=option_id, votes=votes)
    request.base.valid_votes = request.base.ballots_in_box = sum(votes for _, votes in ALMATY)
    request.base.valid_and_against_all = request.base.ballots_issued = request.base.valid_votes
    request.alternatives.add(profile="kz-maslihat-2021")
    request.alternatives.add(name="ours", own_rules=known["kz-maslihat-2021"].rules)
    open_to_all = request.alternatives.add(name="no threshold").own_rules
    open_to_all.stages.add().largest_remainder.quota = 1
    response = allocation.Compare(request, timeout=PATIENCE_S)
    seats = [[each.seats.seats for each in result.allocation.lists] for result in response.results]
    assert seats[0] == seats[1] == [29, 4, 3, 3, 0]
    for difference in response.differences:
        place = [option_id for option_id, _ in ALMATY].index(difference.option_id)
        more = [each.more_than_first for each in difference.seats]
        assert more == [0, 0, seats[2][place] - seats[0][place]] and more[2] != 0
    assert {each.option_id for each in response.differences} == {
        option_id for place, (option_id, _) in enumerate(ALMATY) if seats[2][place] != seats[0][place]
    }
    with pytest.raises(grpc.RpcError) as error:
        request.alternatives.add(profile="nowhere")
        allocation.Compare(request, timeout=PATIENCE_S)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "alternatives[3].profile" in error.value.details()
