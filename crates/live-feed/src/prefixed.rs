//! Answers of `WatchFrames` as gRPC sends them, so that they are made once for all viewers.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use wire::feed::v1::WatchFramesResponse;
use wire::feed::v1::watch_frames_response::Event;

/// What stands before a message of gRPC: that it is not compressed, and its length in four bytes.
const PREFIX_BYTES: usize = 5;

/// An answer of `WatchFrames` as gRPC sends it, with its length before it.
pub(crate) fn prefixed(event: Event) -> Bytes {
    let response = WatchFramesResponse { event: Some(event) };
    let length = response.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).expect("a frame is far below four gigabytes"));
    response
        .encode(&mut bytes)
        .expect("there is room for it in a buffer that grows");
    bytes.freeze()
}
