//! The generated protobuf contract and its conversions to and from the domain.
