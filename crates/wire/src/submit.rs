//! What a source submits, read from the bytes of its message where that is plain.
//!
//! Nearly every message is one report with its options in their order. Decoding it as a message makes seven pieces of
//! memory that are looked at once; here nothing is made. Whatever is out of the ordinary (another kind of submission, a
//! field that stands twice or is not known, an encoding that no ordinary encoder writes, a fault) is left to the message,
//! which has the last word on what is right: a test on random and on broken bytes holds the two together.

mod varint;

#[cfg(test)]
mod tests;

use crate::common::v1::FormCounter;
use crate::ingestion::v1::{SubmitReportsRequest, SubmitReportsResponse};
use bytes::{Buf as _, Bytes};
use prost::Message as _;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;
use varint::Fields;

/// A message with a plain report.
#[derive(Debug, PartialEq, Eq)]
pub struct PlainRequest<'a> {
    /// Chosen by the client.
    pub request_id: u64,
    /// Empty: as in the message before.
    pub election_id: &'a str,
    /// Whether nothing is to be stored.
    pub validate_only: bool,
    /// The report.
    pub report: PlainReport<'a>,
}

/// A report without an attribution whose options are 0, 1, 2, ... and whose votes are below 2^32. Nothing else of it is
/// checked.
#[derive(Debug, PartialEq, Eq)]
pub struct PlainReport<'a> {
    /// As in the message.
    pub unit_id: &'a str,
    /// As in the message.
    pub contest_id: &'a str,
    /// As in the message.
    pub counting_group_id: &'a str,
    /// As in the message.
    pub version: u32,
    /// As in the message: the number of a kind, or any other.
    pub kind: i32,
    /// As in the message: of any length.
    pub ballot_hash: &'a [u8],
    /// Votes of the options 0, 1, 2, ...
    pub votes: &'a [u32],
    /// As in the message.
    pub form: &'a [FormCounter],
}

/// Reads messages one after the other, in the same memory.
#[derive(Debug, Default)]
pub struct PlainReader {
    votes: Vec<u32>,
    form: Vec<FormCounter>,
}

impl PlainReader {
    /// The message, if it is plain. If not, [`submit_request`] says what it is, or what is wrong with it.
    pub fn read<'a>(&'a mut self, message: &'a [u8]) -> Option<PlainRequest<'a>> {
        let (mut request_id, mut election_id, mut validate_only) = (None, None, None);
        let mut report = None;
        let mut fields = Fields::new(message);
        while let Some(tag) = fields.tag()? {
            match tag {
                varint::NUMBER_1 => once(&mut request_id, fields.number()?)?,
                varint::BYTES_2 => once(&mut election_id, fields.text()?)?,
                varint::BYTES_3 => once(&mut report, fields.bytes()?)?,
                varint::NUMBER_5 => once(&mut validate_only, fields.flag()?)?,
                _ => return None,
            }
        }
        Some(PlainRequest {
            request_id: request_id.unwrap_or(0),
            election_id: election_id.unwrap_or(""),
            validate_only: validate_only.unwrap_or(false),
            report: self.report(report?)?,
        })
    }

    fn report<'a>(&'a mut self, report: &'a [u8]) -> Option<PlainReport<'a>> {
        self.votes.clear();
        self.form.clear();
        let mut ids = [None; 3];
        let (mut version, mut kind, mut ballot_hash) = (None, None, None);
        let (mut options, mut votes) = (None, None);
        let mut fields = Fields::new(report);
        while let Some(tag) = fields.tag()? {
            match tag {
                varint::BYTES_1 => once(&mut ids[0], fields.text()?)?,
                varint::BYTES_2 => once(&mut ids[1], fields.text()?)?,
                varint::BYTES_3 => once(&mut ids[2], fields.text()?)?,
                varint::NUMBER_4 => once(&mut version, fields.small()?)?,
                varint::NUMBER_5 => once(&mut kind, i32::try_from(fields.small()?).ok()?)?,
                varint::BYTES_6 => once(&mut ballot_hash, fields.bytes()?)?,
                varint::BYTES_7 => once(&mut options, fields.bytes()?)?,
                varint::BYTES_8 => once(&mut votes, fields.bytes()?)?,
                varint::BYTES_9 => self.form.push(counter(fields.bytes()?)?),
                _ => return None,
            }
        }
        let count = varint::ascending(options.unwrap_or(&[]))?;
        varint::smalls(votes.unwrap_or(&[]), count, &mut self.votes)?;
        let [unit_id, contest_id, counting_group_id] = ids.map(|id| id.unwrap_or(""));
        Some(PlainReport {
            unit_id,
            contest_id,
            counting_group_id,
            version: version.unwrap_or(0),
            kind: kind.unwrap_or(0),
            ballot_hash: ballot_hash.unwrap_or(&[]),
            votes: &self.votes,
            form: &self.form,
        })
    }
}

/// A field that stands twice is merged, or the last one counts: that is the message's business.
fn once<T>(field: &mut Option<T>, value: T) -> Option<()> {
    field.replace(value).is_none().then_some(())
}

fn counter(message: &[u8]) -> Option<FormCounter> {
    let (mut counter, mut value) = (None, None);
    let mut fields = Fields::new(message);
    while let Some(tag) = fields.tag()? {
        match tag {
            varint::NUMBER_1 => once(&mut counter, i32::try_from(fields.small()?).ok()?)?,
            varint::NUMBER_2 => once(&mut value, fields.number()?)?,
            _ => return None,
        }
    }
    Some(FormCounter {
        counter: counter.unwrap_or(0),
        value: value.unwrap_or(0),
    })
}

/// A message of any kind.
///
/// # Errors
/// What is wrong with its bytes, as every generated server says it.
pub fn submit_request(message: Bytes) -> Result<SubmitReportsRequest, String> {
    SubmitReportsRequest::decode(message).map_err(|error| error.to_string())
}

/// The codec of a `SubmitReports` whose messages are left as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct SubmitCodec;

impl Codec for SubmitCodec {
    type Encode = SubmitReportsResponse;
    type Decode = Bytes;
    type Encoder = ProstEncoder<SubmitReportsResponse>;
    type Decoder = AsItCame;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        AsItCame
    }
}

/// Takes the bytes of a message.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsItCame;

impl Decoder for AsItCame {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
