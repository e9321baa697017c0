"""The contract as someone without Rust sees it: compiled from proto/ by grpcio-tools.

The Rust side is compiled by another compiler. That both understand the same contract is what these tests hold.
"""

import importlib
import pathlib

import pytest
from google.protobuf import descriptor_pb2, json_format

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOS = sorted((ROOT / "proto").rglob("*.proto"))


def module(proto: pathlib.Path):
    """The Python module that was generated from a proto file."""
    name = proto.relative_to(ROOT / "proto").with_suffix("")
    return importlib.import_module(".".join(name.parts) + "_pb2")


def without_json_names(message):
    """Compilers may write the JSON name of a field or leave it to its rule; nothing else may differ."""
    for field in message.field:
        field.ClearField("json_name")
    for nested in message.nested_type:
        without_json_names(nested)
    return message


@pytest.fixture(scope="module")
def committed():
    """The descriptors that the services answer reflection with, by file."""
    path = ROOT / "crates/wire/src/generated/descriptor.bin"
    descriptors = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
    return {file.name: file for file in descriptors.file}


@pytest.mark.parametrize("proto", PROTOS, ids=lambda proto: proto.stem)
def test_two_compilers_read_the_same_contract(proto, committed):
    ours = committed[str(proto.relative_to(ROOT / "proto"))]
    theirs = descriptor_pb2.FileDescriptorProto()
    module(proto).DESCRIPTOR.CopyToProto(theirs)
    for file in (ours, theirs):
        for message in file.message_type:
            without_json_names(message)
    assert ours == theirs


def test_every_service_has_a_client():
    services = {}
    for proto in PROTOS:
        services |= module(proto).DESCRIPTOR.services_by_name
    assert sorted(services) == [
        "AdminService",
        "AllocationService",
        "LiveFeedService",
        "ResultsService",
        "TallyIngestionService",
    ]
    for name, service in services.items():
        stubs = importlib.import_module(service.file.name.replace("/", ".")[: -len(".proto")] + "_pb2_grpc")
        assert hasattr(stubs, f"{name}Stub")


def test_votes_survive_json_beyond_what_a_float_can_hold():
    report = importlib.import_module("hemicycle.common.v1.report_pb2")
    votes = [2**64 - 1, 2**53 + 1, 0]
    counts = report.Counts(option_indexes=[0, 1, 2], votes=votes)
    text = json_format.MessageToJson(counts)
    assert f'"{2**64 - 1}"' in text
    assert list(json_format.Parse(text, report.Counts()).votes) == votes
